import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

// Loaded into a program by `node --import`. Ends it as kill -9 does, right before the change of the
// file system whose number is in the file $BTKIT_TEST_KILL, counted from when that file appears.

const path = process.env['BTKIT_TEST_KILL'] ?? ''
const isThere = fs.existsSync
const read = fs.readFileSync
let step = 0

function count(): void {
  if (!isThere(path)) return
  step += 1
  if (step >= Number(read(path, 'utf8'))) process.kill(process.pid, 'SIGKILL')
}

type Functions = Record<string, (...args: unknown[]) => unknown>

function watch(functions: object, names: readonly string[]): void {
  const all = functions as Functions
  for (const name of names) {
    const original = all[name]!
    all[name] = function (this: unknown, ...args) {
      count()
      return original.apply(this, args)
    }
  }
}

const names = ['rename', 'link', 'unlink', 'rm', 'mkdir', 'rmdir', 'writeFile', 'appendFile']
watch(
  fs,
  [...names, 'write', 'fsync', 'ftruncate'].map((name) => `${name}Sync`),
)
watch(fs.promises, names)
const handle = await fs.promises.open(process.execPath)
watch(Object.getPrototypeOf(handle) as object, ['write', 'writeFile', 'sync', 'truncate'])
await handle.close()
syncBuiltinESMExports()
