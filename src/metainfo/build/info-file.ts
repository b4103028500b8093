/** A file of a torrent. */
export interface InfoFile {
  readonly path: readonly string[]
  /** In bytes. */
  readonly length: number
  /** The BEP 47 attribute letters, `p` for a pad file among them; absent or empty for none. */
  readonly attr?: string | undefined
  /** Of a symbolic link (`l`), the components of what it leads to (BEP 47). */
  readonly symlinkPath?: readonly string[] | undefined
  /** The root of its Merkle tree, 32 bytes; null or absent where the file is empty or v2 is not. */
  readonly piecesRoot?: Uint8Array | null
}

/** Path components as they are encoded. */
export function encodePath(path: readonly string[]): Uint8Array[] {
  return path.map((component) => Buffer.from(component))
}

/** Whether it is a pad file. */
export function isPadFile({ attr }: InfoFile): boolean {
  return attr?.includes('p') ?? false
}
