/** Files that a torrent is asked for, as the pkgtorrent protocol names them. */
export interface SetRecord {
  /** Whether one match makes a torrent of a single file: `single` does so, a POSTed set never. */
  readonly isSingle: boolean
  /** Paths and simple globs, in the order asked for. */
  readonly paths: readonly string[]
}

/** The bytes of a set's record. */
export function packSetRecord({ isSingle, paths }: SetRecord): Uint8Array {
  return Buffer.from(JSON.stringify([isSingle, paths]))
}

/** Reads the bytes of a set's record; null when they are none. */
export function unpackSetRecord(body: Uint8Array): SetRecord | null {
  try {
    const [isSingle, paths] = JSON.parse(Buffer.from(body).toString()) as [unknown, unknown]
    if (typeof isSingle !== 'boolean' || !Array.isArray(paths)) return null
    return paths.every((path) => typeof path === 'string') ? { isSingle, paths } : null
  } catch {
    return null
  }
}
