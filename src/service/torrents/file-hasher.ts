import { lstat } from 'node:fs/promises'
import { isPad, type Content } from '../../core/digests/content.js'
import { obtainInfo, type ContentInfo, type InfoRequest } from '../../core/digests/info.js'
import {
  requireUnchanged,
  type HashContext,
  type RecheckFiles,
} from '../../core/digests/hash-content.js'
import type { PieceTable } from '../../core/digests/piece-table.js'
import { recallPieces } from '../../core/digests/recall-pieces.js'
import { unknownFiles } from '../../core/digests/unknown-files.js'
import { fingerprintOf } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { mapConcurrently } from '../mirror/map-concurrently.js'
import type { Mirror } from '../mirror/mirror.js'
import { isSameInside } from '../mirror/open-inside.js'
import { Refusal } from '../refusal.js'
import type { HashQueue } from './hash-queue.js'
import { refuseWriters } from './writers.js'

export interface FileHasherParts {
  readonly mirror: Mirror
  readonly hashContext: HashContext
  readonly queue: HashQueue
}

/** A torrent whose files have to be read. */
export interface HashRequest {
  readonly request: InfoRequest
  /** What the cache knows of its pieces. */
  readonly table: PieceTable
  /** Whether anybody still waits for it. Asked when its turn has come. */
  readonly isWanted: () => boolean
  readonly onProgress: (bytesDone: number) => void
}

/** Hashes the files of torrents, and no file for two of them at once. */
export class FileHasher {
  readonly #claims = new Map<string, Promise<void>>()
  readonly #parts: FileHasherParts
  #bytesHashed = 0

  constructor(parts: FileHasherParts) {
    this.#parts = parts
  }

  /** Bytes hashed since the start. */
  get bytesHashed(): number {
    return this.#bytesHashed
  }

  /**
   * Obtains the `info` of content, reading what the cache does not know of it.
   * @throws BtkitError `changed`, NotReady, and as obtainInfo does
   */
  async obtain(wanted: HashRequest): Promise<ContentInfo> {
    const { content } = wanted.request
    let { table } = wanted
    for (;;) {
      const unknown = unknownFiles(content, table)
      const claims = unknown.flatMap(({ absolutePath }) => this.#claims.get(absolutePath) ?? [])
      // Nothing may be awaited in between, or another request would claim the files as well
      if (claims.length === 0) return this.#begin({ ...wanted, table }, unknown)
      await Promise.all(claims)
      table = recallPieces(content, this.#parts.hashContext.cacheAccess)
    }
  }

  /** Claims the files to read, until the cache knows of them. */
  #begin(wanted: HashRequest, unknown: readonly ScannedFile[]): Promise<ContentInfo> {
    const { queue, hashContext } = this.#parts
    const work = queue.run((running) => this.#hash(wanted, unknown, running), wanted.isWanted)
    const noted = work.then(() => hashContext.cacheAccess.cache.flush()).catch(() => undefined)
    for (const { absolutePath } of unknown) this.#claims.set(absolutePath, noted)
    void noted.then(() => {
      for (const { absolutePath } of unknown) this.#claims.delete(absolutePath)
    })
    return work
  }

  async #hash(
    wanted: HashRequest,
    unknown: readonly ScannedFile[],
    running: number,
  ): Promise<ContentInfo> {
    const { hashContext, mirror } = this.#parts
    const { content } = wanted.request
    await mapConcurrently(unknown, (file) => refuseOther(onMirror(file, content), mirror))
    wanted.onProgress(0)
    const engine = {
      ...hashContext.engine,
      // Jobs that come while others run leave them their share
      threads: Math.max(1, Math.floor(hashContext.engine.threads / running)),
      onProgress: ({ bytesDone }: { bytesDone: number }) => {
        wanted.onProgress(bytesDone)
      },
    }
    const guards = { recheck: recheckAsync, watchWriters: refuseWriters, isGuarded: true }
    const guarded = { ...hashContext, engine, ...guards }
    const made = await obtainInfo(wanted.request, guarded, wanted.table)
    this.#bytesHashed += made.bytesHashed
    return made
  }
}

/** A file of a torrent, with the path that it has on the mirror, for messages. */
function onMirror(file: ScannedFile, { isDirectory, name }: Content): ScannedFile {
  return isDirectory ? { ...file, path: [name, ...file.path] } : file
}

/** Makes sure, on the open file, that what will be read is what was looked at, and may be had. */
async function refuseOther(file: ScannedFile, mirror: Mirror): Promise<void> {
  const isSame = await isSameInside(file, mirror).catch((error: unknown) => {
    // Gone, or the root is another directory by now: a further look tells
    if (error instanceof Refusal && error.code === 'not-found') return false
    throw error
  })
  if (!isSame) requireUnchanged(file, null)
}

const recheckAsync: RecheckFiles = async (files) => {
  const real = files.filter((file) => !isPad(file))
  await mapConcurrently(real, async (file) => {
    requireUnchanged(file, await fingerprintIfThere(file.absolutePath))
  })
}

async function fingerprintIfThere(path: string) {
  try {
    return fingerprintOf(await lstat(path, { bigint: true }))
  } catch {
    // Whatever became of it, it is not what it was
    return null
  }
}
