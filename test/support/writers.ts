import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { writersAddon } from '../../src/files/writers/addon.js'

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

/** A process that writes to a file as it is told. */
export class Writer {
  readonly #process: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(t: TestContext, program: string, args: readonly string[]) {
    this.#process = spawn('python3', ['-c', program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (!this.#process.stdout) throw new Error('no standard output')
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]()
    t.after(() => this.#process.kill('SIGKILL'))
  }

  /** Has it do the next step, and resolves when that is done. */
  async step(): Promise<void> {
    this.#process.stdin?.write('\n')
    await this.#answers.next()
  }

  /** Resolves when the process has ended, as it does after its last step. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    this.#process.stdin?.end()
    if (exitCode === null && signalCode === null) await once(this.#process, 'exit')
  }
}

const STEP = `
import os, sys
step = lambda: (print(flush=True), sys.stdin.readline())
sys.stdin.readline()
`

/** Opens the file for writing; writes a byte; closes it. */
export function descriptorWriter(t: TestContext, path: string): Writer {
  const program = `${STEP}
f = os.open(sys.argv[1], os.O_RDWR); step()
os.pwrite(f, b'w', 0); step()
os.close(f); step()
`
  return new Writer(t, program, [path])
}

/** Maps the file and closes the descriptor; stores a byte; another; gives the mapping up. */
export function mappingWriter(t: TestContext, path: string): Writer {
  const program = `${STEP}
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
f = os.open(sys.argv[1], os.O_RDWR)
at = libc.mmap(None, 4096, 3, 1, f, 0)
os.close(f); step()
ctypes.memset(at, ord('m'), 1); step()
ctypes.memset(at, ord('n'), 1); step()
libc.munmap(at, 4096); step()
`
  return new Writer(t, program, [path])
}

/** What \`dd bs=64M conv=notrunc oflag=direct\` does: opens; one long write past the page cache; closes. */
export function directWriter(t: TestContext, path: string): Writer {
  const program = `${STEP}
import mmap
block = mmap.mmap(-1, 64 << 20)
block.write(b'd' * len(block))
f = os.open(sys.argv[1], os.O_WRONLY | os.O_DIRECT); step()
os.pwrite(f, block, 0); step()
os.close(f); step()
`
  return new Writer(t, program, [path])
}

/** Opens the file for writing and closes it, again and again until it is removed. */
export function restlessWriter(t: TestContext, path: string): Writer {
  const program = `${STEP}
print(flush=True)
try:
    while True: os.close(os.open(sys.argv[1], os.O_WRONLY))
except FileNotFoundError: pass
`
  return new Writer(t, program, [path])
}
