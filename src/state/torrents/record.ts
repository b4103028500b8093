/** Digests that identify a torrent, and that show which parts of it somebody edited. */
export interface TorrentDigests {
  /** Digest of the whole file. */
  readonly file: Uint8Array
  /** Digest of `info`; null for a file that is no torrent. */
  readonly info: Uint8Array | null
  /**
   * For each key except `info`, the digest of the value that btkit would write; null for a file that
   * is no torrent.
   */
  readonly keys: KeyDigests | null
  /**
   * Whether the torrent was adopted: its `info` came from another program, and stays until the
   * content changes.
   */
  readonly isAdopted?: boolean | undefined
  /** The rules by which `info` would differ if remade, as completedir reported them. */
  readonly keeps?: readonly string[] | undefined
}

/** Digests in base64, by key. */
export type KeyDigests = Readonly<Record<string, string>>

/** Identifies a torrent and its inputs. */
export interface TorrentIdentity {
  /** The real path of the torrent's content. */
  readonly source: string
  /** Digest of everything that the torrent depends on; opaque. Empty if it is unreliable. */
  readonly input: Uint8Array
  /** The fingerprint of the torrent after it was written; opaque. Empty before that. */
  readonly fingerprint: Uint8Array
}

/** A torrent that btkit wrote, or that equals what btkit would write. */
export interface TorrentRecord extends TorrentIdentity {
  /** Digests of the torrent that was written, or was about to be written. */
  readonly written: TorrentDigests
  /** Digests of the earlier torrent of btkit at this path, which a kill may have left in place. */
  readonly replaced: TorrentDigests | null
}

/**
 * Formats a record as a line of JSON without its newline. It is pure ASCII, so that it can be
 * compared as bytes. A null record says that the torrent is no longer btkit's.
 */
export function formatRecord(name: string, record: TorrentRecord | null): string {
  if (record === null) return `{"torrent":${jsonText(name)}}`
  const { written, replaced } = record
  const rest = { written: digestsToJson(written), replaced: replaced && digestsToJson(replaced) }
  return `{"torrent":${jsonText(name)}${formatIdentity(record)},${toAscii(JSON.stringify(rest)).slice(1)}`
}

/** Formats the part of a line that identifies a torrent and its inputs. */
export function formatIdentity({ source, input, fingerprint }: TorrentIdentity): string {
  return `${AFTER_NAME}${jsonText(source)},"input":"${toBase64(input)}","fingerprint":"${toBase64(fingerprint)}"`
}

/** Follows the name in a line of a record. Inside a name its quotes would be escaped. */
export const AFTER_NAME = ',"source":'

/**
 * Parses a line.
 * @throws Error if the line is not a record
 */
export function parseRecord(line: string): { name: string; record: TorrentRecord | null } {
  const json = JSON.parse(line) as RecordJson
  const { torrent: name, source, input, fingerprint, written, replaced } = json
  if (typeof name !== 'string') throw new Error('no name')
  if (source === undefined || written === undefined) return { name, record: null }
  const record = {
    source,
    input: Buffer.from(input ?? '', 'base64'),
    fingerprint: Buffer.from(fingerprint ?? '', 'base64'),
    written: digestsFromJson(written),
    replaced: replaced ? digestsFromJson(replaced) : null,
  }
  return { name, record }
}

interface RecordJson {
  readonly torrent?: string
  readonly source?: string
  readonly input?: string
  readonly fingerprint?: string
  readonly written?: DigestsJson
  readonly replaced?: DigestsJson | null
}

interface DigestsJson {
  readonly file: string
  readonly info: string | null
  readonly keys: KeyDigests | null
  readonly adopted?: boolean
  readonly keeps?: readonly string[]
}

function digestsToJson({ file, info, keys, isAdopted, keeps }: TorrentDigests): DigestsJson {
  const json = { file: toBase64(file), info: info && toBase64(info), keys }
  if (!isAdopted && !keeps?.length) return json
  return { ...json, ...(isAdopted && { adopted: true }), ...(keeps?.length && { keeps }) }
}

function digestsFromJson({ file, info, keys, adopted, keeps }: DigestsJson): TorrentDigests {
  const digests = {
    file: Buffer.from(file, 'base64'),
    info: info === null ? null : Buffer.from(info, 'base64'),
    keys,
  }
  if (!adopted && !keeps) return digests
  return { ...digests, ...(adopted && { isAdopted: true }), ...(keeps && { keeps }) }
}

function toBase64(bytes: Uint8Array): string {
  if (bytes.length > scratch.length) return Buffer.from(bytes).toString('base64')
  scratch.set(bytes)
  return scratch.toString('base64', 0, bytes.length)
}

/** Reused, because copying a few bytes is faster than creating many small Buffers. */
const scratch = Buffer.alloc(128)

/** Matches text that needs no escapes in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/

/** Formats text as pure ASCII JSON. */
function jsonText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : toAscii(JSON.stringify(text))
}

const ASCII = /^[\0-\x7f]*$/

/** Escapes all characters of JSON outside ASCII. */
export function toAscii(json: string): string {
  if (ASCII.test(json)) return json
  return json.replace(/[^\0-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
