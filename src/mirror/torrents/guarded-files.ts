import { lstat } from 'node:fs/promises'
import type { Content } from '../../core/digests/content.js'
import { requireUnchanged, type RecheckFiles } from '../../core/digests/hash-content.js'
import { isPad } from '../../core/digests/pad-files.js'
import { fingerprintOf, type Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { mapConcurrently, type Mirror } from '../tree/mirror.js'
import { isSameInside } from '../tree/open-inside.js'
import { Refusal } from '../../server/answers/refusal.js'

/** A file of a torrent with its path on the mirror, for messages. */
export function onMirror(file: ScannedFile, { isDirectory, name }: Content): ScannedFile {
  return isDirectory ? { ...file, path: [name, ...file.path] } : file
}

/**
 * Checks with an open file that it is unchanged since it was looked up, and published.
 * @throws BtkitError `changed`, Refusal
 */
export async function refuseOther(file: ScannedFile, mirror: Mirror): Promise<void> {
  const isSame = await isSameInside(file, mirror).catch((error: unknown) => {
    // Gone, or the root was replaced: the next lookup will show
    if (error instanceof Refusal && error.code === 'not-found') return false
    throw error
  })
  if (!isSame) requireUnchanged(file, null)
}

/** Checks that files are unchanged, a few at a time, without blocking calls. */
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
    // Whatever the error, the file is no longer the same
    return null
  }
}
