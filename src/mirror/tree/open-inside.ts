import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises'
import { type Fingerprint, fingerprintOf } from '../../files/fingerprint.js'
import { isWithin } from '../../files/inside.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { GUARDED_READ } from '../../hash/stream/reading.js'
import { formatMirrorPath, type Mirror, toRefusal } from './mirror.js'
import { notFound } from '../../server/answers/refusal.js'

/** An open file, with its state. The caller must close it. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly fingerprint: Fingerprint
}

/**
 * Opens a file of the mirror that was looked up, and checks the open file. A check of the name
 * would not be enough, because the name may lead elsewhere by then.
 * @throws Refusal
 */
export async function openInside(file: ScannedFile, mirror: Mirror): Promise<OpenFile> {
  try {
    const handle = await open(file.absolutePath, GUARDED_READ)
    try {
      return { handle, fingerprint: await checkOpen(handle, file, mirror) }
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    throw await toRefusal(error, file.path, mirror)
  }
}

async function checkOpen(
  handle: FileHandle,
  file: ScannedFile,
  mirror: Mirror,
): Promise<Fingerprint> {
  const stats = await handle.stat({ bigint: true })
  const isOurs = mirror.followSymlinks || (await liesInside(handle, file, mirror))
  if (!stats.isFile() || !isOurs) throw notFound(formatMirrorPath(file.path))
  return fingerprintOf(stats)
}

/** Whether an open file is within the root: by its descriptor on Linux, elsewhere by its name. */
async function liesInside(
  handle: FileHandle,
  file: ScannedFile,
  { root }: Mirror,
): Promise<boolean> {
  const realRoot = await realpath(root)
  if (process.platform === 'linux') {
    return isWithin(await readlink(`/proc/self/fd/${handle.fd}`), realRoot)
  }
  const real = await realpath(file.absolutePath)
  const named = await lstat(real, { bigint: true })
  const opened = await handle.stat({ bigint: true })
  return isWithin(real, realRoot) && named.ino === opened.ino && named.dev === opened.dev
}
