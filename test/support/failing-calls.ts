import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { systemError } from '../../src/base/errors.js'
import { CHANGING, judgeCalls } from './system-calls.js'
import { until } from './until.js'
import { openFiles } from './when-open.js'

/** What such a call says; a change of the disk that there is no room; any other that it failed. */
const CODES: Readonly<Record<string, keyof typeof constants.errno>> = {
  open: 'EMFILE',
  opendir: 'EMFILE',
  listen: 'EADDRINUSE',
  bind: 'EADDRINUSE',
}

/** Something that opens what it must close. */
interface Act<Place, Outcome> {
  /** Makes a place for each time. */
  readonly arrange: () => Place | Promise<Place>
  readonly act: (place: Place) => Promise<Outcome>
  /** Looks at what it came to; `failed` is the call: `write (ENOSPC), call 12`, or empty. */
  readonly look: (outcome: Outcome, place: Place, failed: string) => void | Promise<void>
}

/**
 * Acts again and again, each time with the next of its system calls failing, until none is left.
 * After each, the process must have the open files, listeners and timers that it had before.
 * Returns how many calls there were.
 */
export async function failEachCall<Place, Outcome>({
  arrange,
  act,
  look,
}: Act<Place, Outcome>): Promise<number> {
  for (let failing = 0; ; failing++) {
    const place = await arrange()
    const before = held()
    let [calls, failed] = [0, '']
    judgeCalls((name) => {
      if (++calls !== failing) return null
      const code = CODES[name] ?? (CHANGING.has(name) ? 'ENOSPC' : 'EIO')
      failed = `${name} (${code}), call ${failing}`
      return systemError(-constants.errno[code], name)
    })
    const outcome = await act(place).finally(judgeCalls)
    if (failing > 0 && failed === '') return failing - 1
    // The first time, modules are loaded and kept
    if (failing > 0) await untilOnly(before, failed)
    await look(outcome, place, failed)
  }
}

/** Waits until nothing is held beside that. */
async function untilOnly(before: readonly string[], failed: string): Promise<void> {
  const left = () => {
    const known = [...before]
    return held().filter((each) => {
      const at = known.indexOf(each)
      if (at >= 0) known.splice(at, 1)
      return at < 0
    })
  }
  await until(`nothing is left of ${failed}`, () => left().length === 0).catch(() => {
    assert.deepEqual(left(), [], failed)
  })
}

/**
 * What keeps this process, and the files and sockets that it has open. SQLite closes its own when
 * the collector comes by.
 */
function held(): string[] {
  const waits = process.getActiveResourcesInfo().filter((name) => name !== 'FSReqCallback')
  return [
    ...waits,
    ...openFiles('self').filter((path) => !/\.sqlite(-wal|-shm)?( \(deleted\))?$/.test(path)),
  ]
}
