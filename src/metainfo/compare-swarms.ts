import { Buffer } from 'node:buffer'
import { isSameBytes, latin1 } from '../base/bytes.js'
import { count, formatBytes } from '../base/text/quantity.js'
import type { EncodedDict } from './bencode/encoded-dict.js'
import { keyDifferences } from './compare-entries.js'
import { encodedValue } from './edit/splice-torrent.js'
import { eachFile, type Metainfo, type MetainfoFile } from './metainfo.js'
import { SHA1 } from './sizes.js'

/** A difference between two torrents, in words for people. */
export interface SwarmDifference {
  /**
   * The property that differs: `piece length`, `files` and the like, or the name of a key of
   * `info`.
   */
  readonly what: string
  /** The value in the first torrent. */
  readonly first: string
  /** The value in the second torrent. */
  readonly second: string
}

/** Keys of `info` with the property of which a difference shows theirs. */
const SHOWN_BY: ReadonlyMap<string, string> = new Map([
  ['length', 'size'],
  ['meta version', 'version'],
  ['name', 'name'],
  ['piece length', 'piece length'],
  ['private', 'private'],
  ['source', 'source'],
])

/** Whether two torrents share a swarm: they do if their v1 or their v2 info hashes are equal. */
export function isSameSwarm(a: Metainfo, b: Metainfo): boolean {
  const isSame = (one: string | null, other: string | null) => one !== null && one === other
  return isSame(a.infoHash, b.infoHash) || isSame(a.infoHashV2, b.infoHashV2)
}

/** Explains why two torrents do not share a swarm; empty if they do. */
export function swarmDifferences(a: Metainfo, b: Metainfo): SwarmDifference[] {
  if (isSameSwarm(a, b)) return []
  const found: SwarmDifference[] = []
  const compare = (what: string, first: string, second: string) => {
    if (first !== second) found.push({ what, first, second })
  }
  compare('version', a.version, b.version)
  compare('name', a.name, b.name)
  compare('kind', kindOf(a), kindOf(b))
  compare('piece length', formatBytes(a.pieceLength), formatBytes(b.pieceLength))
  compare('private', yesOrNo(a.private), yesOrNo(b.private))
  compare('source', a.source ?? 'none', b.source ?? 'none')
  found.push(...fileDifferences(a, b))
  const shown = new Set(found.map(({ what }) => what))
  const isShown = (key: string) => {
    return shown.has(SHOWN_BY.get(key) ?? '') || (key === 'length' && shown.has('kind'))
  }
  for (const { path, key, ...values } of keyDifferences(a, b)) {
    if (path === '' && isShown(key)) continue
    const [what, of] = path === '' ? [`info.${textOf(key)}`, ''] : [textOf(key), `${path}: `]
    const [first, second] = [of + showValue(values.first), of + showValue(values.second)]
    found.push({ what, first, second })
  }
  if (found.length > 0) return found
  const isSameContent = isSameBytes(a.pieces, b.pieces) && sameTree(a, b)
  const what = isSameContent ? 'encoding of info' : 'content'
  return [
    { what, first: a.infoHash ?? a.infoHashV2 ?? '', second: b.infoHash ?? b.infoHashV2 ?? '' },
  ]
}

function* fileDifferences(a: Metainfo, b: Metainfo): Generator<SwarmDifference> {
  const [first = [], second = []] = [a, b].map(({ files }) => files.filter((file) => !file.padding))
  const changes = changedFiles(a, b)
  const [at, other] = [first, second].map((files) => files.map(({ path }) => path.join('/')))
  const moved = at?.findIndex((path, i) => path !== other?.[i]) ?? -1
  if (a.isDirectory && b.isDirectory) {
    const say = (files: readonly MetainfoFile[], only: FileChange | undefined) =>
      `${count(files.length, 'file')}${only ? `, with ${only.path}` : ''}`
    const [gone, added] = [
      changes.find(({ now }) => now === null),
      changes.find(({ old }) => old === null),
    ]
    if (gone || added || first.length !== second.length)
      yield { what: 'files', first: say(first, gone), second: say(second, added) }
    else if (moved >= 0) {
      const [x, y] = [at, other].map((paths) => `file ${moved + 1} is ${paths?.[moved]}`)
      yield { what: 'order', first: x ?? '', second: y ?? '' }
    }
  }
  const isOne = first.length === 1 && second.length === 1
  const resized = changes.find(({ old, now }) => old !== null && now !== null && old !== now)
  const sizes = isOne ? [first[0]?.length, second[0]?.length] : [resized?.old, resized?.now]
  if (sizes[0] !== sizes[1]) {
    const [x, y] = sizes.map(
      (size) => `${isOne ? '' : `${resized?.path}: `}${count(size ?? 0, 'byte')}`,
    )
    yield { what: 'size', first: x ?? '', second: y ?? '' }
  }
  const [pads, otherPads] = [padsOf(a), padsOf(b)]
  const what = 'pad files'
  const i = pads.findIndex((pad, number) => pad !== otherPads[number])
  if (pads.length !== otherPads.length)
    yield { what, first: String(pads.length), second: String(otherPads.length) }
  else if (i >= 0) yield { what, first: pads[i] ?? '', second: otherPads[i] ?? '' }
}

/** The pad files of a torrent, each with the number of its entry. */
function padsOf({ files }: Metainfo): string[] {
  return files.flatMap(({ path, length, padding }, i) => {
    return padding ? `file ${i + 1} is ${path.join('/')} of ${count(length, 'byte')}` : []
  })
}

/** A file that two torrents do not share, with its bytes in each; null where it is missing. */
interface FileChange {
  readonly path: string
  readonly old: number | null
  readonly now: number | null
}

/**
 * Returns the files, without padding, in which two torrents differ: by presence, length and root,
 * else by the pieces in which they are. Behind a file of another length, pieces of version 1 are
 * others, too.
 */
export function changedFiles(a: Metainfo, b: Metainfo): FileChange[] {
  const isLike = a.version === b.version
  const stages = isLike && a.pieceLength === b.pieceLength ? ['roots', 'pieces'] : ['roots']
  for (const by of isLike ? stages : ['none']) {
    const [olds, nows] = [filesOf(a, by), filesOf(b, by)]
    const changes = [...new Set([...nows.keys(), ...olds.keys()])].flatMap((path) => {
      const [old, now] = [olds.get(path), nows.get(path)]
      const isSame = old?.length === now?.length && old?.digests === now?.digests
      return isSame ? [] : [{ path, old: old?.length ?? null, now: now?.length ?? null }]
    })
    if (changes.length > 0) return changes
  }
  return []
}

/** The files without padding, each with the digests by which its content is known. */
function filesOf(metainfo: Metainfo, by: string) {
  const { tree, pieces, pieceLength } = metainfo
  const roots = new Map<string, Uint8Array | null>()
  for (const { file, piecesRoot } of (by !== 'none' && tree) || [])
    roots.set(file.path.join('/'), piecesRoot)
  const files = new Map<string, { readonly length: number; readonly digests: string }>()
  let start = 0
  for (const { path, length, padding } of eachFile(metainfo)) {
    const [name, end] = [path.join('/'), start + length]
    const [first, behind] = [Math.floor(start / pieceLength), Math.ceil(end / pieceLength)]
    const own = by === 'pieces' ? pieces?.subarray(SHA1 * first, SHA1 * behind) : null
    const digests = latin1(roots.get(name) ?? own ?? new Uint8Array())
    if (!padding) files.set(name, { length, digests })
    start = end
  }
  return files
}

type Entries = Pick<EncodedDict, 'bytes' | 'spans'>

/** Returns the keys of which two dictionaries have other encoded values. */
export function changedKeys(a: Entries, b: Entries): string[] {
  return [...new Set([...a.spans.keys(), ...b.spans.keys()])].filter((key) => {
    return !isSameBytes(encodedValue(a, key) ?? null, encodedValue(b, key) ?? null)
  })
}

function kindOf({ isDirectory }: Metainfo): string {
  return isDirectory ? 'directory' : 'single file'
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

/** The longest text that is shown in full; longer ones are shown with their length. */
const MOST_SHOWN = 60

/** The entries of a torrent's `info`. */
export function infoOf({ bytes, infoSpans }: Metainfo): Entries {
  return { bytes, spans: infoSpans }
}

function showValue(value: Uint8Array | undefined): string {
  if (value === undefined) return 'none'
  const text = latin1(value)
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}… (${text.length} bytes)` : text
}

function textOf(key: string): string {
  return Buffer.from(key, 'latin1').toString('utf8')
}

function sameTree(a: Metainfo, b: Metainfo): boolean {
  if (a.tree === null || b.tree === null) return a.tree === b.tree
  const { tree } = b
  return a.tree.every((file, i) => isSameBytes(file.piecesRoot, tree[i]?.piecesRoot ?? null))
}
