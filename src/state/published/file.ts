import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { callSystem } from '../../errors.js'
import { requireOwnDirectory } from '../own-directory.js'
import { replaceFile } from '../torrents/file.js'
import { readIfThere } from '../torrents/regular-file.js'

/** A torrent that was added to a client. */
export interface PublishedRecord {
  /** Info hash in hexadecimal, as clients report it. */
  readonly infoHash: string
  /** Identifies the version of the .torrent file that was added; opaque. */
  readonly stamp: string
}

/** The torrents of one directory that were added to a client, by file name. */
export type PublishedTorrents = ReadonlyMap<string, PublishedRecord>

/** Identifies a directory of torrents and a client. */
export interface PublishedPlace {
  readonly stateDirectory: string
  /** The real path of the directory. A writer must hold the directory's lock. */
  readonly target: string
  /** The client's address, without credentials. */
  readonly client: string
}

/** The largest file that is read, in bytes: some millions of torrents. */
const MAX_SIZE = 2 ** 30

const VERSION = 1

/**
 * Reads which torrents were added to a client. Damaged lines are ignored: their torrents are looked
 * up in the client again. Torrents that were deleted meanwhile then stay in the client.
 * @throws BtkitError `not-permitted` or `io`
 */
export function readPublished(place: PublishedPlace): PublishedTorrents {
  const path = pathOf(place)
  return callSystem(`state ${path}`, () => {
    for (const directory of [place.stateDirectory, dirname(path)]) requireOwnDirectory(directory)
    return parse(readIfThere(path, MAX_SIZE))
  })
}

/**
 * Writes which torrents were added to a client. After a kill or a power failure the file is either
 * the old one or the new one.
 * @throws BtkitError `not-permitted` or `io`
 */
export function writePublished(place: PublishedPlace, torrents: PublishedTorrents): void {
  const path = pathOf(place)
  const { target, client } = place
  const lines = [...torrents].map(([name, record]) => JSON.stringify([name, record]))
  const all = [JSON.stringify({ version: VERSION, target, client }), ...lines]
  callSystem(`state ${path}`, () => {
    replaceFile(
      path,
      all.map((line) => Buffer.from(`${line}\n`)),
    )
  })
}

function pathOf({ stateDirectory, target, client }: PublishedPlace): string {
  const digest = createHash('sha256').update(`${target}\0${client}`).digest('hex').slice(0, 32)
  return join(stateDirectory, 'published', `${digest}.jsonl`)
}

function parse(bytes: Uint8Array | null): PublishedTorrents {
  const torrents = new Map<string, PublishedRecord>()
  const [head = '', ...lines] = bytes === null ? [] : Buffer.from(bytes).toString().split('\n')
  if (!head.startsWith(`{"version":${VERSION},`)) return torrents
  for (const line of lines) {
    const entry = parseLine(line)
    if (entry) torrents.set(...entry)
  }
  return torrents
}

function parseLine(line: string): [string, PublishedRecord] | null {
  if (line === '') return null
  try {
    const [name, record] = JSON.parse(line) as [unknown, Partial<PublishedRecord> | null]
    const { infoHash, stamp } = record ?? {}
    if (typeof name !== 'string' || typeof infoHash !== 'string') return null
    return typeof stamp === 'string' ? [name, { infoHash, stamp }] : null
  } catch {
    return null
  }
}
