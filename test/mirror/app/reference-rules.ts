import { createHash } from 'node:crypto'

// The rules of the original pkgtorrent-service for making torrents, written again as plainly as
// possible and without btkit: swarms continue only if the bytes are the same.

/** A file by its path on the mirror, such as `/yum/7/a.rpm`. */
export interface MirrorFile {
  readonly path: string
  readonly content: Uint8Array
}

const BLOCK = 1024 * 1024

type Value = number | string | Uint8Array | readonly Value[] | { readonly [key: string]: Value }

function bencode(value: Value): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`)
  if (typeof value === 'string') return bencode(Buffer.from(value))
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value])
  const [sign, parts] = Array.isArray(value)
    ? ['l', (value as readonly Value[]).map(bencode)]
    : ['d', Object.entries(value).sort(byKey).flat().map(bencode)]
  return Buffer.concat([Buffer.from(sign), ...parts, Buffer.from('e')])
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function sha1(data: string | Uint8Array): string {
  return createHash('sha1').update(data).digest('hex')
}

/** The digest in the address of a set. */
export function setDigest(paths: readonly string[]): string {
  return sha1(paths.join('\n'))
}

export function singleFileInfo({ path, content }: MirrorFile): Buffer {
  return bencode({
    length: content.length,
    name: path.split('/').at(-1)!,
    'piece length': BLOCK,
    pieces: hashBlocks(content),
  })
}

export function multiFileInfo(files: readonly MirrorFile[]): Buffer {
  const entries: Value[] = []
  const pieces: Buffer[] = []
  const counts: Record<number, number> = {}
  for (const [i, { path, content }] of files.entries()) {
    entries.push({ length: content.length, path: path.split('/').slice(2) })
    const over = content.length % BLOCK
    const padding = over === 0 || i === files.length - 1 ? 0 : BLOCK - over
    pieces.push(hashBlocks(Buffer.concat([content, Buffer.alloc(padding)])))
    if (padding === 0) continue
    const n = counts[padding] ?? 0
    counts[padding] = n + 1
    entries.push({ length: padding, path: ['torrent_service', 'nullfile', `${padding}_${n}`] })
  }
  return bencode({
    files: entries,
    name: files[0]!.path.split('/')[1]!,
    'piece length': BLOCK,
    pieces: Buffer.concat(pieces),
  })
}

function hashBlocks(content: Uint8Array): Buffer {
  const digests: Buffer[] = []
  for (let at = 0; at < content.length; at += BLOCK) {
    digests.push(Buffer.from(sha1(content.subarray(at, at + BLOCK)), 'hex'))
  }
  return Buffer.concat(digests)
}

/** The trackers in the order of the torrent with this `info`. */
export function trackerOrder(trackers: readonly string[], info: Uint8Array): string[] {
  const rankOf = (tracker: string) => sha1(tracker + sha1(info))
  return trackers.toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1))
}

/** A whole torrent around an `info`, with `announce` for current clients. */
export function torrentAround(
  info: Uint8Array,
  trackers: readonly string[],
  urlList: readonly string[],
): Buffer {
  const order = trackerOrder(trackers, info)
  const announce = order[0]
    ? { announce: order[0], 'announce-list': order.map((tracker) => [tracker]) }
    : {}
  // The unchanged info, between the keys before it and the one after it
  const before = bencode({ ...announce, info: 0 }).subarray(0, -'i0ee'.length)
  const after = Buffer.concat([bencode('url-list'), bencode(urlList)])
  return Buffer.concat([before, info, after, Buffer.from('e')])
}

/** URL of the directory that contains a file, as in the `url-list` of the file alone. */
export function directoryUrl(base: string, path: string): string {
  const directories = path.split('/').slice(1, -1)
  return [base, ...directories.map((name) => encodeURIComponent(name)), ''].join('/')
}
