import { link, open, rename, rm, unlink } from 'node:fs/promises'

/**
 * Gives the file at `from` the name `to` on the same file system, unless that name is taken: then
 * it throws the system's EEXIST, and of several at once a single one wins.
 */
export async function placeNewFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    // File systems without hard links say so with various codes, so none is looked at. Any other
    // failure, a name that is taken above all, happens here again, and is thrown.
    await reserveAndRename(from, to)
    return
  }
  await unlink(from)
}

/** Does the same without hard links; others may see the name with an empty file for a moment. */
export async function reserveAndRename(from: string, to: string): Promise<void> {
  const reservation = await open(to, 'wx')
  await reservation.close()
  try {
    await rename(from, to)
  } catch (error) {
    await rm(to, { force: true })
    throw error
  }
}
