import { statSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import type { TorrentChanges } from '../library/changes.js'
import { editFiles } from '../library/edit.js'
import { readTorrent } from '../library/read.js'
import { type Edited, editedOf, type Opened, openTorrent } from '../pages/edit.js'
import type { WorkContext } from './work-context.js'

/** Torrents above this size in bytes are remembered, because reading them takes a while. */
const LARGE = 1024 * 1024

/** The most torrents that are remembered. */
const MOST_LARGE = 100

const large = new LRUCache<string, { readonly state: string; readonly opened: Opened }>({
  max: MOST_LARGE,
})

/**
 * Reads the values of torrents for a form.
 * @throws BtkitError as readTorrent, and `too-large`
 */
export async function openTorrents(files: readonly string[]): Promise<Opened[]> {
  const opened: Opened[] = []
  // One at a time, because each may take much memory while it is read
  for (const file of files) opened.push(await open(file))
  return opened
}

/** Opens a torrent; a large one is not read again until it changes. */
async function open(file: string): Promise<Opened> {
  const state = stateOf(file)
  const known = large.get(file)
  if (known?.state === state) return known.opened
  const metainfo = await readTorrent(file)
  const opened = openTorrent(file, metainfo)
  if (metainfo.bytes.length > LARGE) large.set(file, { state, opened })
  return opened
}

/** Distinguishes the states of a file; empty if there is none. */
function stateOf(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stats ? [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ') : ''
}

/** Torrents, and what is changed in them. */
interface EditRequest {
  readonly files: readonly string[]
  readonly changes: TorrentChanges
  /** Whether to write nothing. */
  readonly isDry: boolean
}

/**
 * Edits torrents. Returns those that changed or failed.
 * @throws BtkitError `usage` for bad changes
 */
export async function editTorrents(
  { files, changes, isDry }: EditRequest,
  { signal }: WorkContext,
): Promise<Edited[]> {
  const edited: Edited[] = []
  for await (const outcome of editFiles(files, changes, { dryRun: isDry, signal }))
    edited.push(...editedOf(outcome))
  return edited
}
