import { Socket } from 'node:dgram'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { Server } from 'node:net'

// Imported before all else that calls the system, so that each call asks here first.

/** Called with the name of a call before it is made; what it returns is thrown instead. */
export type Verdict = (name: string) => Error | null

let verdict: Verdict = () => null

/**
 * Asks this before each call of the file system, and before each that listens at a port. A `close`
 * that fails has closed, as on Linux. The accelerator, SQLite and other threads have calls of their
 * own, which are not seen.
 */
export function judgeCalls(next: Verdict = () => null): void {
  verdict = next
}

const CHANGES = ['rename', 'link', 'unlink', 'rm', 'mkdir', 'rmdir', 'writeFile', 'appendFile']
const LOOKS = ['stat', 'lstat', 'statfs', 'realpath', 'readlink', 'access', 'readFile']
const OTHERS = ['symlink', 'copyFile', 'chmod', 'utimes', 'open', 'opendir', 'readdir']
const OF_PATHS = [...CHANGES, ...LOOKS, ...OTHERS]
const OF_FILES = ['write', 'fsync', 'ftruncate', 'fstat', 'read', 'close']
const OF_HANDLES = ['write', 'writeFile', 'sync', 'truncate', 'stat', 'read', 'readFile', 'close']

/** The calls that change what other programs see on a disk. */
export const CHANGING = new Set([...CHANGES, 'write', 'sync', 'fsync', 'truncate', 'ftruncate'])

type Call = (this: object, ...args: unknown[]) => unknown

/** How a call fails that was made like this. */
type Fail = (error: Error, self: object, args: unknown[], original: Call) => unknown

function watch(functions: object, names: readonly string[], fail: Fail, suffix = ''): void {
  const all = functions as Record<string, Call>
  for (const name of names) {
    const original = all[name + suffix]
    if (original === undefined) continue
    // A close that fails has closed
    const instead = name === 'close' ? original : () => undefined
    const judged: Call = function (...args) {
      const error = verdict(name)
      return error ? fail(error, this, args, instead) : original.apply(this, args)
    }
    // Such as how it becomes a promise
    Object.defineProperties(judged, Object.getOwnPropertyDescriptors(original))
    all[name + suffix] = judged
  }
}

const throwIt: Fail = (error, self, args, instead) => {
  instead.apply(self, args)
  throw error
}

const reject: Fail = async (error, self, args, instead) => {
  await instead.apply(self, args)
  throw error
}

const callBack: Fail = (error, self, args, instead) => {
  instead.apply(self, args.slice(0, -1))
  process.nextTick(args.at(-1) as (error: Error) => void, error)
}

const emit: Fail = (error, self) => {
  process.nextTick(() => (self as Server).emit('error', error))
  return self
}

watch(fs, [...OF_PATHS, ...OF_FILES], throwIt, 'Sync')
watch(fs, [...OF_PATHS, ...OF_FILES], callBack)
const handle = await fs.promises.open(process.execPath)
watch(Object.getPrototypeOf(handle) as object, OF_HANDLES, reject)
watch(fs.promises, OF_PATHS, reject)
watch(Server.prototype, ['listen'], emit)
watch(Socket.prototype, ['bind'], emit)
await handle.close()
syncBuiltinESMExports()
