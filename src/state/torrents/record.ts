/** How a torrent is known again, and which parts of it somebody edited. */
export interface TorrentDigests {
  /** Of the whole file. */
  readonly file: Uint8Array
  /** Of its `info`; null where an older btkit did not say. */
  readonly info: Uint8Array | null
  /**
   * Of each value beside `info`, by its key, as btkit would have it; null where an older btkit did
   * not say.
   */
  readonly keys: KeyDigests | null
  /** Whether its `info` is somebody else's, and stays as long as the content does. */
  readonly isAdopted?: boolean | undefined
  /** The rules by which its `info` would be another by now, as completedir reported. */
  readonly keeps?: readonly string[] | undefined
}

/** Digests in base64, by key. */
export type KeyDigests = Readonly<Record<string, string>>

/** What tells that a torrent and what it was made of are as they were. */
export interface TorrentIdentity {
  /** The real path of what the torrent was made of. */
  readonly source: string
  /** Digest of all that the torrent depends on, opaque; empty when that can't be relied on. */
  readonly input: Uint8Array
  /** The fingerprint of the torrent after it was written, opaque; empty before that. */
  readonly fingerprint: Uint8Array
}

/** A torrent that btkit wrote, or found to be just what it would write. */
export interface TorrentRecord extends TorrentIdentity {
  /** What was written, or was about to be. */
  readonly written: TorrentDigests
  /** What stood there before and was btkit's too: a kill may have left that. */
  readonly replaced: TorrentDigests | null
}

/**
 * A record as a line of JSON without its newline. It is pure ASCII, so that it can be compared as
 * bytes; a null record says that the torrent is no longer btkit's.
 */
export function formatRecord(name: string, record: TorrentRecord | null): string {
  if (record === null) return `{"torrent":${jsonText(name)}}`
  const { written, replaced } = record
  const rest = { written: digestsToJson(written), replaced: replaced && digestsToJson(replaced) }
  return `{"torrent":${jsonText(name)}${formatIdentity(record)},${toAscii(JSON.stringify(rest)).slice(1)}`
}

/** The part of a line that says what a torrent was made of, and how it looked on the disk then. */
export function formatIdentity({ source, input, fingerprint }: TorrentIdentity): string {
  return `${AFTER_NAME}${jsonText(source)},"input":"${toBase64(input)}","fingerprint":"${toBase64(fingerprint)}"`
}

/** What follows the name in a line of a record. Inside of a name its quotes would be escaped. */
export const AFTER_NAME = ',"source":'

/**
 * Reads a line again.
 * @throws Error when it is none
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

/** To copy a few bytes takes less time than to make a Buffer of them, of which there are many. */
const scratch = Buffer.alloc(128)

/** Text that JSON holds as it is. */
const PLAIN = /^[ !#-[\]-~]*$/

/** Text as JSON of ASCII alone. */
function jsonText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : toAscii(JSON.stringify(text))
}

const ASCII = /^[\0-\x7f]*$/

/** JSON in which all but ASCII is escaped. */
export function toAscii(json: string): string {
  if (ASCII.test(json)) return json
  return json.replace(/[^\0-\x7f]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
