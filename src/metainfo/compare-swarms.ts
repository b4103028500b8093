import { Buffer } from 'node:buffer'
import { isSameBytes, latin1 } from '../base/bytes.js'
import { count, formatBytes } from '../base/text/quantity.js'
import type { Metainfo, MetainfoFile } from './metainfo.js'
import { MADE_INFO_KEYS } from './other-keys.js'

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

/** Keys of `info` that are compared separately. */
const COMPARED: ReadonlySet<string> = new Set([...MADE_INFO_KEYS, 'name.utf-8'])

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
  for (const key of new Set([...a.infoSpans.keys(), ...b.infoSpans.keys()])) {
    if (!COMPARED.has(key)) compare(`info.${textOf(key)}`, valueOf(a, key), valueOf(b, key))
  }
  if (found.length > 0) return found
  const isSameContent = isSameBytes(a.pieces, b.pieces) && sameTree(a, b)
  const what = isSameContent ? 'encoding of info' : 'content'
  return [
    { what, first: a.infoHash ?? a.infoHashV2 ?? '', second: b.infoHash ?? b.infoHashV2 ?? '' },
  ]
}

function* fileDifferences(a: Metainfo, b: Metainfo): Generator<SwarmDifference> {
  const [first, second] = [a, b].map(({ files }) => files.filter(({ padding }) => !padding)) as [
    MetainfoFile[],
    MetainfoFile[],
  ]
  if (a.isDirectory && b.isDirectory) {
    const only = differing(first, second)
    if (only) yield { what: 'files', ...only }
    else if (pathsOf(first) !== pathsOf(second)) yield orderDifference(first, second)
  }
  const sizes = firstOtherSize(first, second)
  if (sizes) yield sizes
  const [pads, otherPads] = [a.files.length - first.length, b.files.length - second.length]
  if (pads !== otherPads) {
    yield { what: 'pad files', first: String(pads), second: String(otherPads) }
  }
}

/** Finds the first file that only one of the torrents has. */
function differing(a: readonly MetainfoFile[], b: readonly MetainfoFile[]) {
  const [names, others] = [new Set(a.map(pathOf)), new Set(b.map(pathOf))]
  const [left, right] = [a, b].map(({ length }) => count(length, 'file')) as [string, string]
  const onlyA = a.map(pathOf).find((path) => !others.has(path))
  const onlyB = b.map(pathOf).find((path) => !names.has(path))
  if (onlyA === undefined && onlyB === undefined && a.length === b.length) return null
  const say = (count: string, only: string | undefined) =>
    only === undefined ? count : `${count}, with ${only}`
  return { first: say(left, onlyA), second: say(right, onlyB) }
}

function orderDifference(a: readonly MetainfoFile[], b: readonly MetainfoFile[]): SwarmDifference {
  const at = a.findIndex((file, i) => b[i] && pathOf(file) !== pathOf(b[i]))
  const name = (files: readonly MetainfoFile[]) => {
    const file = files[at]
    return `file ${at + 1} is ${file ? pathOf(file) : 'missing'}`
  }
  return { what: 'order', first: name(a), second: name(b) }
}

/**
 * Finds the first file with different sizes. For two single-file torrents the names are ignored.
 */
function firstOtherSize(
  a: readonly MetainfoFile[],
  b: readonly MetainfoFile[],
): SwarmDifference | null {
  const isOne = a.length === 1 && b.length === 1
  const sizes = new Map(b.map((file) => [isOne ? '' : pathOf(file), file.length]))
  for (const file of a) {
    const other = sizes.get(isOne ? '' : pathOf(file))
    if (other === undefined || other === file.length) continue
    const say = (size: number) => `${isOne ? '' : `${pathOf(file)}: `}${count(size, 'byte')}`
    return { what: 'size', first: say(file.length), second: say(other) }
  }
  return null
}

function pathOf({ path }: MetainfoFile): string {
  return path.join('/')
}

function pathsOf(files: readonly MetainfoFile[]): string {
  return files.map(pathOf).join('\0')
}

function kindOf({ isDirectory }: Metainfo): string {
  return isDirectory ? 'directory' : 'single file'
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

/** The longest text that is shown in full; longer ones are shown with their length. */
const MOST_SHOWN = 60

function valueOf({ bytes, infoSpans }: Metainfo, key: string): string {
  const span = infoSpans.get(key)
  if (span === undefined) return 'none'
  const text = latin1(bytes.subarray(span.start, span.end))
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
