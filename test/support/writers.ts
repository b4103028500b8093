import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { writersAddon } from '../../src/files/open-writers/lease.js'
import { projectRoot } from './executable.js'

/** statfs(2): file systems on which a lease tells all. */
const TELLING_FILE_SYSTEMS = new Set([0xef53, 0x58465342, 0x9123683e])

/** For tests of what is known of writers. */
export const unlessWritersTell = { skip: findReason() }

function findReason(): string | false {
  if (process.platform !== 'linux') return 'no leases here'
  if (writersAddon === null) return 'the native addon is not built'
  if (spawnSync('python3', ['-c', '']).status !== 0) return 'python3 is not installed'
  const { type } = statfsSync(tmpdir())
  return !TELLING_FILE_SYSTEMS.has(type) && 'temporary files lie on another file system'
}

/** Kinds of writers: functions of writers.py, which says what their steps are. */
export type WriterKind =
  | 'appending'
  | 'copying'
  | 'descriptor'
  | 'direct'
  | 'exchanging'
  | 'long'
  | 'mapping'
  | 'punching'
  | 'replacing'
  | 'resetting'
  | 'resizing'
  | 'slow'
  | 'synced'
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

/** How to start a writer of a file. */
export type StartWriter = (kind: WriterKind, path: string) => Writers

/**
 * Has the writers that a test will start end when it does. To be called before their files are
 * planted: a file can't be removed while a write to it is under way.
 */
export function prepareWriters(t: TestContext): StartWriter {
  const started: Writers[] = []
  t.after(() => Promise.all(started.map((writers) => writers.end())))
  return (kind, path) => {
    const writers = new Writers([[kind, path]])
    started.push(writers)
    return writers
  }
}

/** For tests with writes that last as long as requested. */
export const unlessLongWrites = { skip: unlessWritersTell.skip || findNoFaults() }

/** Only some may have a write wait for its bytes (userfaultfd(2)). */
function findNoFaults(): string | false {
  return process.getuid?.() !== 0 && 'only root can have a write take its time'
}

/** Opens a file for writing and closes it, again and again until it is removed. */
export function startRestlessWriter(t: TestContext, path: string): void {
  const program = `
import os, sys
try:
    while True: os.close(os.open(sys.argv[1], os.O_WRONLY))
except FileNotFoundError: pass`
  const child = spawn('python3', ['-c', program, path], { stdio: 'inherit' })
  t.after(() => child.kill('SIGKILL'))
}
