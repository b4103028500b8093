/** Paths that were asked for together, in the order in which they were asked for. */
export interface SetRecord {
  /** Whether they were asked for one by one, so that one file makes a torrent of a single file. */
  readonly isSingle: boolean
  readonly paths: readonly string[]
}

export function packSetRecord({ isSingle, paths }: SetRecord): Uint8Array {
  return Buffer.from(JSON.stringify([isSingle, paths]))
}

export function unpackSetRecord(body: Uint8Array): SetRecord | null {
  try {
    const [isSingle, paths] = JSON.parse(Buffer.from(body).toString()) as [unknown, unknown]
    if (typeof isSingle !== 'boolean' || !Array.isArray(paths)) return null
    return paths.every((path) => typeof path === 'string') ? { isSingle, paths } : null
  } catch {
    return null
  }
}
