import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { readCodeCache } from './code-cache.js'
import type * as main from '../main.js'

const PROGRAM = fileURLToPath(new URL('./main.cjs', import.meta.url))

/** Where the compiled code is kept: beside the program. */
export const CODE_CACHE = `${PROGRAM}.cache`

type Wrapper = (module: { exports: object }, require: NodeJS.Require, filename: string) => void

export interface LoadedProgram {
  readonly main: typeof main.main
  readonly source: Buffer
  readonly script: Script
}

/**
 * Loads the bundle as Node loads a CommonJS module, but with the code that V8 compiled of it
 * before: to compile it anew takes longer than most commands.
 */
export function loadProgram(): LoadedProgram {
  const source = readFileSync(PROGRAM)
  const cachedData = readCodeCache(CODE_CACHE, source)
  // The bundle is ASCII, which is the quickest to read
  const script = new Script(source.toString('latin1'), {
    filename: PROGRAM,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} }
  const wrapper = script.runInThisContext() as Wrapper
  wrapper(module, createRequire(PROGRAM), PROGRAM)
  return { ...(module.exports as typeof main), source, script }
}
