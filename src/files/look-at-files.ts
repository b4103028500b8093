import { lstatSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** The fingerprints of many regular files as bytes: see `at`. */
export interface StampTable {
  /**
   * Size, mtime, ctime, inode and device of the file number `i`, 8 bytes each, or null when it is
   * no regular file.
   */
  readonly at: (i: number) => Uint8Array | null
}

const WORDS = 5
const WORD_BYTES = 8

/** Enters what is found of each name; zeros stay for what is no regular file. */
export type Look = (directory: string, names: readonly string[], stamps: BigInt64Array) => void

/**
 * Looks at many files of one directory, links not followed, as fast as can be: by the native
 * addon where it is built. What can't be looked at counts as no regular file.
 */
export function lookAtFiles(
  directory: string,
  names: readonly string[],
  look: Look = fastestLook,
): StampTable {
  const stamps = new BigInt64Array(WORDS * names.length)
  look(directory, names, stamps)
  const bytes = new Uint8Array(stamps.buffer)
  return {
    at: (i) => {
      // No file's inode is 0
      const isThere = (stamps[WORDS * i + 3] ?? 0n) !== 0n
      return isThere ? bytes.subarray(WORD_BYTES * WORDS * i, WORD_BYTES * WORDS * (i + 1)) : null
    },
  }
}

/** What the native addon does; null where it is not built. */
export const nativeLook = loadNativeLook()

const fastestLook = nativeLook ?? lookInTurn

function loadNativeLook(): Look | null {
  try {
    const addon = createRequire(import.meta.url)('#piece-hash') as { lookAtFiles?: Look }
    return addon.lookAtFiles ?? null
  } catch {
    return null
  }
}

/** The same in JavaScript, for every machine. */
export function lookInTurn(
  directory: string,
  names: readonly string[],
  stamps: BigInt64Array,
): void {
  names.forEach((name, i) => {
    try {
      const stats = lstatSync(join(directory, name), { bigint: true, throwIfNoEntry: false })
      if (!stats?.isFile()) return
      stamps.set([stats.size, stats.mtimeNs, stats.ctimeNs, stats.ino, stats.dev], WORDS * i)
    } catch {
      // Whoever looks at it closely will say what is wrong with it
    }
  })
}
