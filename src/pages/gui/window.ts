import type { Preset } from '../forms/torrent-fields.js'
import type { UserClient } from '../work/seed-torrent.js'
import type { Works } from '../forms/start-work.js'

/** The parts that the pages of the window share. */
export interface WindowParts extends Works {
  /** Where relative paths begin. */
  readonly directory: string
  /** Directories that pickers offer. */
  readonly places: readonly string[]
  /** Where dropped torrents are kept until the window ends. */
  readonly keptDirectory: string
  readonly presets: readonly Preset[]
  /** Records of the torrents that btkit made in directories. */
  readonly stateDirectory: string
  /** The user's client, which may seed what is made; null for none. */
  readonly client: UserClient | null
  /** A program that seeds the torrent that follows as its last argument; null if there is none. */
  readonly seedProgram: readonly string[] | null
}
