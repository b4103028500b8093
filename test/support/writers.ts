import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from './executable.js'

/** For tests with writers. */
export const needsPython = {
  skip: spawnSync('python3', ['-c', '']).status !== 0 && 'python3 is not installed',
}

/** Kinds of writers: functions of writers.py, which says what their steps are. */
export type WriterKind =
  | 'appending'
  | 'copying'
  | 'descriptor'
  | 'direct'
  | 'exchanging'
  | 'punching'
  | 'replacing'
  | 'resetting'
  | 'resizing'
  | 'slow'
  | 'truncating'

/** A process that writes to files on request. */
export class Writers {
  readonly #process: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(files: readonly (readonly [kind: WriterKind, path: string])[]) {
    const script = join(projectRoot, 'test/support/writers.py')
    this.#process = spawn('python3', [script, ...files.flat()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (!this.#process.stdout) throw new Error('no standard output')
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]()
  }

  /** Has each do its next step, and resolves when all are done. */
  async step(): Promise<void> {
    this.#process.stdin?.write('\n')
    const { done } = await this.#answers.next()
    if (done) throw new Error('the writers have ended')
  }

  /** Ends the process, wherever it is. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode !== null || signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}
