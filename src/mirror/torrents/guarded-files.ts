import { lstat } from 'node:fs/promises'
import type { Content } from '../../core/digests/content.js'
import { requireUnchanged, type RecheckFiles } from '../../core/digests/hash-content.js'
import { isPad } from '../../core/digests/pad-files.js'
import { fingerprintOf, type Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { mapConcurrently } from '../tree/map-concurrently.js'
import type { Mirror } from '../tree/mirror.js'
import { isSameInside } from '../tree/open-inside.js'
import { Refusal } from '../../server/answers/refusal.js'

/** A file of a torrent, with the path that it has on the mirror, for messages. */
export function onMirror(file: ScannedFile, { isDirectory, name }: Content): ScannedFile {
  return isDirectory ? { ...file, path: [name, ...file.path] } : file
}

/**
 * Makes sure, on the open file, that what will be read is what was looked at, and may be had.
 * @throws BtkitError `changed`, Refusal
 */
export async function refuseOther(file: ScannedFile, mirror: Mirror): Promise<void> {
  const isSame = await isSameInside(file, mirror).catch((error: unknown) => {
    // Gone, or the root is another directory by now: a further look tells
    if (error instanceof Refusal && error.code === 'not-found') return false
    throw error
  })
  if (!isSame) requireUnchanged(file, null)
}

/** Makes sure that files are what they were, a few at a time, without a call that blocks. */
export const recheckAsync: RecheckFiles = async (files) => {
  const real = files.filter((file) => !isPad(file))
  await mapConcurrently(real, async (file) => {
    requireUnchanged(file, await fingerprintIfThere(file.absolutePath))
  })
}

async function fingerprintIfThere(path: string): Promise<Fingerprint | null> {
  try {
    return fingerprintOf(await lstat(path, { bigint: true }))
  } catch {
    // Whatever became of it, it is not what it was
    return null
  }
}
