import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import { streamAtomically } from '../../files/write/stream-atomically.js'
import type { ServerContext } from '../../server/context.js'
import { setAside } from '../state/state-file.js'
import type { History } from './history.js'
import { formatHistory, MAX_HISTORY_SIZE, restoreHistory } from './history-format.js'

/** The same as for the state beside it. */
const MODE = 0o640

/** Milliseconds between two saves. A crash loses the samples since the last one. */
const SAVE_INTERVAL = 15 * 60_000

export interface HistoryFileParts extends Pick<ServerContext, 'now' | 'warn'> {
  /** Null to keep the history in memory only. */
  readonly path: string | null
  readonly history: History
}

/**
 * The file in which the history is kept across restarts. No fault of it stops the tracker. A file
 * that cannot be read is renamed before the first save.
 */
export class HistoryFile {
  #fault: string | null = null
  /** The last reported problem of a save; null once it works again. */
  #problem: string | null = null
  /** Time of the last sample in the file. */
  #savedAt = 0

  constructor(private readonly parts: HistoryFileParts) {}

  /** Restores the history, if there is one. Writes nothing. */
  async load(): Promise<void> {
    const { path, history } = this.parts
    if (path === null) return
    try {
      const file = await readRegular(path, MAX_HISTORY_SIZE, null)
      if (file) restoreHistory(history, file.bytes)
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      if (error.code !== 'not-found') this.#fault = error.message.replace(`${path}: `, '')
    }
  }

  /** Saves the history if the last save is long ago. */
  async saveIfDue(): Promise<void> {
    const age = Math.abs(this.parts.history.lastAt - this.#savedAt)
    if (age >= SAVE_INTERVAL) await this.save()
  }

  /**
   * Saves the history; no sample may be taken meanwhile. A problem is a warning, once until it ends
   * or changes.
   */
  async save(): Promise<void> {
    const { path, history, warn } = this.parts
    if (path === null || history.lastAt === 0) return
    try {
      await this.#makePlace(path)
      await streamAtomically(path, formatHistory(history), MODE)
      this.#problem = null
      this.#savedAt = history.lastAt
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const problem = message.replace(`${path}: `, '')
      if (problem !== this.#problem) warn(`${path}: could not save the history: ${problem}`)
      this.#problem = problem
    }
  }

  /** Renames a file that could not be read. */
  async #makePlace(path: string): Promise<void> {
    if (this.#fault === null) return
    const { now, warn } = this.parts
    const aside = await setAside(path, now())
    warn(`${path}: ${this.#fault}; renamed to ${aside}, and the charts begin again`)
    this.#fault = null
  }
}
