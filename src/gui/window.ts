import { SCRIPT } from '../pages/script.js'
import type { Preset } from '../pages/torrent-fields.js'
import type { UserClient } from '../work/seed-torrent.js'
import type { Works } from '../work/work-thread.js'

/**
 * The script of all pages. It holds a connection; when the last one closes, the program ends. A page
 * that Back shows again needs another.
 */
export const WINDOW_SCRIPT = `${SCRIPT}
let alive
addEventListener('pageshow', () => {
  alive ??= new EventSource(new URL('alive', base))
})
addEventListener('pagehide', () => {
  alive?.close()
  alive = undefined
})
`

/** The parts that the pages of the window share. */
export interface WindowParts extends Works {
  /** Where relative paths begin. */
  readonly directory: string
  /** Directories that pickers offer. */
  readonly places: readonly string[]
  readonly presets: readonly Preset[]
  /** Records of the torrents that btkit made in directories. */
  readonly stateDirectory: string
  readonly threads: number | undefined
  /** The user's client, which may seed what is made; null for none. */
  readonly client: UserClient | null
}
