import { mkdtemp, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { homeDirectory } from '../../base/directories.js'
import { awaitSystem, BtkitError } from '../../base/errors.js'
import { isSafeComponent } from '../../disk/look/inside.js'
import { readRegular } from '../../disk/look/read-bounded.js'
import { jsonAnswer, sendAnswer } from '../../server/headers/answer.js'
import { CACHING, queryOf } from './frame.js'

/** The largest torrent that is received, in bytes; a larger one is chosen by its path. */
const MAX_TORRENT = 32 * 1024 * 1024

/** Bytes of a name, as Linux limits it. */
const LONGEST_NAME = 255

/**
 * Adds the address that finds what was dropped, by its name and its size or bytes, in the
 * directories where people keep files. A torrent that is not found there is kept in
 * `keptDirectory`.
 */
export function addDropped(
  app: FastifyInstance,
  parts: SearchedPlaces & { readonly keptDirectory: string },
): void {
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: MAX_TORRENT },
    (_, body, done) => {
      done(null, body)
    },
  )
  app.post('/dropped', { bodyLimit: MAX_TORRENT }, async (request, reply) => {
    const query = queryOf(request)
    const name = query.raw('name')
    if (!isSafeComponent(name)) throw new BtkitError('usage', 'a dropped file needs a name')
    if (Buffer.byteLength(name) > LONGEST_NAME)
      throw new BtkitError('usage', `the name of a file has at most ${LONGEST_NAME} bytes`)
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const size = query.has('size') ? Number(query.text('size')) : null
    const found = await findDropped(name, size, bytes, placesOf(parts))
    const path = found ?? (await keep(name, bytes, parts.keptDirectory))
    return sendAnswer(reply, jsonAnswer({ path }, CACHING))
  })
}

/** Where what was dropped is looked for, beside the usual places. */
interface SearchedPlaces {
  /** Directories that pickers offer. */
  readonly places: readonly string[]
  /** Where relative paths begin. */
  readonly directory: string
}

function placesOf({ places, directory }: SearchedPlaces): string[] {
  const home = homeDirectory(process.env)
  const usual = home === null ? [] : [home, join(home, 'Downloads'), join(home, 'Desktop')]
  return [...new Set([...places, directory, ...usual])]
}

/** `size` is in bytes, and null for a directory; `bytes` are empty for all but torrents. */
async function findDropped(
  name: string,
  size: number | null,
  bytes: Buffer,
  places: readonly string[],
): Promise<string | null> {
  for (const place of places) {
    const path = join(place, name)
    const stats = await stat(path).catch(() => null)
    const isSame = size === null ? stats?.isDirectory() : stats?.isFile() && stats.size === size
    if (isSame !== true) continue
    if (bytes.length === 0) return path
    const known = await readRegular(path, MAX_TORRENT, null).catch(() => null)
    if (known && bytes.equals(known.bytes)) return path
  }
  return null
}

/** Keeps a torrent until the window ends. */
async function keep(name: string, bytes: Buffer, directory: string): Promise<string | null> {
  if (bytes.length === 0) return null
  const path = join(await awaitSystem(directory, mkdtemp(join(directory, KEPT))), name)
  await awaitSystem(path, writeFile(path, bytes, { mode: 0o600 }))
  return path
}

/** The begin of the names of directories that hold kept torrents. */
const KEPT = 'dropped-'

/** Whether a torrent is one that is kept in `keptDirectory`: its content is not beside it. */
export function isKept(torrent: string, keptDirectory: string): boolean {
  return torrent.startsWith(join(keptDirectory, KEPT))
}
