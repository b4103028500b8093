/** A set of files that a torrent is requested for, as in the pkgtorrent protocol. */
export interface SetRecord {
  /**
   * Whether a single match becomes a single-file torrent: always with `single`, never for a POSTed
   * set.
   */
  readonly isSingle: boolean
  /** Paths and simple globs, in the order of the request. */
  readonly paths: readonly string[]
}

/** Encodes a set's record. */
export function packSetRecord({ isSingle, paths }: SetRecord): Uint8Array {
  return Buffer.from(JSON.stringify([isSingle, paths]))
}

/** Decodes a set's record; null if it is invalid. */
export function unpackSetRecord(body: Uint8Array): SetRecord | null {
  try {
    const [isSingle, paths] = JSON.parse(Buffer.from(body).toString()) as [unknown, unknown]
    if (typeof isSingle !== 'boolean' || !Array.isArray(paths)) return null
    return paths.every((path) => typeof path === 'string') ? { isSingle, paths } : null
  } catch {
    return null
  }
}
