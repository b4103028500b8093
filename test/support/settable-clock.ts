import type { ChildProcess } from 'node:child_process'
import { chmodSync, closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { projectRoot, runProgram } from './executable.js'
import { makeOpenScratch } from './unprivileged.js'

const WORD = 8

/** The clock of a program that takes up the time when it gets SIGALRM; see settable-clock.c. */
export interface SettableClock {
  /** The environment variables for the program. */
  readonly env: Readonly<Record<string, string>>
  /** Seconds since 1970 that the program took up last; 0 for none. */
  readonly taken: () => number
  /** Sets it, and waits until the program has taken it up. */
  readonly set: (program: ChildProcess, seconds: number) => Promise<void>
}

/** Compiles a clock, which tells `seconds` since 1970 until it is set. */
export async function makeSettableClock(t: TestContext, seconds: number): Promise<SettableClock> {
  const directory = makeOpenScratch(t, { clock: Buffer.alloc(2 * WORD) })
  const [file, library] = [join(directory, 'clock'), join(directory, 'settable-clock.so')]
  chmodSync(file, 0o666)
  const source = join(projectRoot, 'test/support/settable-clock.c')
  const options = ['-std=c11', '-O1', '-shared', '-fPIC', '-o', library]
  const { status, stderr } = await runProgram('cc', [...options, source])
  if (status !== 0) throw new Error(stderr)
  const descriptor = openSync(file, 'r+')
  t.after(() => {
    closeSync(descriptor)
  })
  const word = new BigInt64Array(1)
  const write = (at: number) => {
    word[0] = BigInt(at)
    writeSync(descriptor, word, 0, WORD, 0)
  }
  const taken = () => {
    readSync(descriptor, word, 0, WORD, WORD)
    return Number(word[0])
  }
  write(seconds)
  return {
    env: { LD_PRELOAD: library, CLOCK_FILE: file },
    taken,
    set: async (program, at) => {
      write(at)
      program.kill('SIGALRM')
      while (taken() !== at) {
        if (program.exitCode !== null || program.signalCode !== null) throw new Error('it ended')
        await setTimeout(1)
      }
    },
  }
}
