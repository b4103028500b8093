import { link, open, rename, rm, unlink } from 'node:fs/promises'

/**
 * Gives the file at `from` the name `to` on the same file system, unless that name is taken: then
 * it throws the system's EEXIST, and of several at once a single one wins.
 */
export async function placeNewFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    // Not every file system has hard links, and they say so with many codes. Had it been another
    // trouble, a taken name above all, this way meets it too.
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
