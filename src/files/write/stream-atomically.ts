import { open, rename, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asBtkitError } from '../../errors.js'
import { makeTemporaryName } from '../temporary-name.js'
import { orDiscard } from './draft.js'
import { createCleaner } from './remove-dead-files.js'
import { syncDirectory } from './sync-directory.js'
import { findWriteTarget } from './target.js'

/** Bytes collected for one write. Other work waits while they are created. */
const CHUNK = 64 * 1024

/**
 * Writes slices to `target`. At any moment, even after a power failure, the file has either its
 * complete old content or its complete new content. A new file gets the permission bits `mode`.
 * Other work runs between two writes. A slice must stay valid only until the next.
 *
 * @throws BtkitError `not-found`, `not-permitted` or `io` with `target` in the message, and
 *   errors of the slices. No temporary file is left after an error.
 */
export async function streamAtomically(
  target: string,
  slices: Iterable<Uint8Array>,
  mode: number,
): Promise<void> {
  try {
    const { path, mode: before } = findWriteTarget(target)
    createCleaner()(dirname(path))
    const draft = join(dirname(path), makeTemporaryName(basename(path)))
    const file = await open(draft, 'wx', before ?? mode)
    await orDiscard(draft, async () => {
      try {
        await writeSynced(file, slices)
      } finally {
        await file.close()
      }
      await rename(draft, path)
    })
    await syncDirectory(dirname(path))
  } catch (error) {
    throw asBtkitError(error, target)
  }
}

/**
 * Collects slices in one buffer. With a buffer for each write, all of them would stay in memory
 * until the next garbage collection.
 */
async function writeSynced(file: FileHandle, slices: Iterable<Uint8Array>): Promise<void> {
  const gathered = Buffer.allocUnsafe(CHUNK)
  let length = 0
  for (const slice of slices) {
    for (let at = 0; at < slice.length;) {
      const part = slice.subarray(at, at + CHUNK - length)
      gathered.set(part, length)
      length += part.length
      at += part.length
      if (length < CHUNK) continue
      await file.writeFile(gathered)
      length = 0
    }
  }
  await file.writeFile(gathered.subarray(0, length))
  await file.sync()
}
