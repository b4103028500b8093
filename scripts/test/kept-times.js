import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const PATH = 'node_modules/.cache/btkit-tests/times.json'
// The estimated time of a test file that was never run, by its size
const SECONDS_A_BYTE = 1 / 5000

/** How long each test file took when it last ran here. */
export class KeptTimes {
  #seconds = readTimes()

  /** Seconds, guessed for a file that never ran. */
  of({ source }) {
    return this.#seconds[source] ?? statSync(source).size * SECONDS_A_BYTE
  }

  /** Remembers the seconds of these files by their source, and what it knew of others. */
  keep(seconds) {
    try {
      mkdirSync(dirname(PATH), { recursive: true })
      writeFileSync(PATH, JSON.stringify({ ...this.#seconds, ...seconds }, null, 1))
    } catch {
      // The checkout may belong to somebody else; the next run guesses
    }
  }
}

function readTimes() {
  try {
    return JSON.parse(readFileSync(PATH, 'utf8'))
  } catch {
    return {}
  }
}
