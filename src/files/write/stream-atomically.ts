import { open, rename, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asBtkitError } from '../../errors.js'
import { makeTemporaryName } from '../temporary-name.js'
import { orDiscard } from './draft.js'
import { createCleaner } from './remove-dead-files.js'
import { syncDirectory } from './sync-directory.js'
import { findWriteTarget } from './target.js'

/** Bytes that are gathered for one write: others wait while as many are made. */
const CHUNK = 64 * 1024

/**
 * Writes what comes in slices to `target` so that at any moment, power cuts included, it holds
 * either all of its old content or all of the new. A file that is new gets the permission bits
 * `mode`. Others have their turn between any two writes. A slice need last only until the next.
 *
 * @throws BtkitError `not-found`, `not-permitted` or `io`, naming `target`, and what the slices
 * throw; no temporary file is left then
 */
export async function streamAtomically(
  target: string,
  slices: Iterable<Uint8Array>,
  mode: number,
): Promise<void> {
  try {
    const { path, mode: before } = await findWriteTarget(target)
    createCleaner()(dirname(path))
    const draft = join(dirname(path), makeTemporaryName(basename(path)))
    const file = await open(draft, 'wx', before ?? mode)
    await orDiscard(draft, async () => {
      await writeSynced(file, slices).finally(() => file.close())
      await rename(draft, path)
    })
    await syncDirectory(dirname(path))
  } catch (error) {
    throw asBtkitError(error, target)
  }
}

/** Gathers slices in one buffer: with a buffer for each write, all of them would wait to be freed. */
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
