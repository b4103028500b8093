import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashAddon } from '../../src/disk/hash/kernels.js'
import { makeScratch, type Scope } from './scratch.js'
import { until } from './until.js'

/** For tests that hold up a program, which the accelerator alone can be. */
export const unlessGate = { skip: hashAddon === null && 'the accelerator is not built' }

/** A gate that a program reaches when it has looked at its files, and before it hashes any. */
export interface Gate {
  /** Environment of the program. */
  readonly env: Readonly<Record<string, string>>
  /** Resolves when the program stands at the gate. */
  readonly reached: () => Promise<unknown>
  /** Lets it go on, and through from now on. */
  readonly open: () => void
}

/** Makes a gate for a program that is about to start. */
export function makeGate(t: Scope): Gate {
  const path = join(makeScratch(t), 'gate')
  const module = new URL('./gate-in-program.js', import.meta.url).href
  return {
    env: { BTKIT_TEST_GATE: path, NODE_OPTIONS: `--import=${module}` },
    reached: () => until('a program is about to hash', () => existsSync(`${path}.reached`)),
    open: () => {
      writeFileSync(`${path}.open`, '')
    },
  }
}
