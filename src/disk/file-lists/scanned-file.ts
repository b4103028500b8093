import type { Fingerprint } from './fingerprint.js'

/** A file as an object. */
export interface ScannedFile {
  /** Components below the root. If the root is a file, only its name. */
  readonly path: readonly string[]
  /**
   * The path to open: the real path, so that it identifies the file in a cache. Empty for padding,
   * which is on no disk.
   */
  readonly absolutePath: string
  readonly fingerprint: Fingerprint
  /** Attribute letters of BEP 47, if requested: `x` executable, `h` hidden, `l` symbolic link. */
  readonly attributes?: string
  /** For a link that is stored as a link: the components of its target below the root. */
  readonly symlinkPath?: readonly string[]
}

/** A file in the state in which it was seen. */
export type FileState = Pick<ScannedFile, 'absolutePath' | 'fingerprint'>

/** Returns a pad file: zeros in the stream that are not on a disk (BEP 47). */
export function padFile(path: readonly string[], size: number): ScannedFile {
  const fingerprint = { size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
  return { path, absolutePath: '', fingerprint }
}
