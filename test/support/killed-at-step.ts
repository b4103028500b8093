import { existsSync, readFileSync } from 'node:fs'
import { CHANGING, judgeCalls } from './system-calls.js'

// Loaded into a program by `node --import`. Ends it as kill -9 does, right before the change of the
// file system whose number is in the file $BTKIT_TEST_KILL, counted from when that file appears.

const path = process.env['BTKIT_TEST_KILL'] ?? ''
let step = 0

judgeCalls((name) => {
  if (!CHANGING.has(name) || !existsSync(path)) return null
  step += 1
  if (step >= Number(readFileSync(path, 'utf8'))) process.kill(process.pid, 'SIGKILL')
  return null
})
