import { Buffer } from 'node:buffer'
import { encodeBencode } from '../bencode/encode.js'
import { DEFAULT_MAX_DEPTH, readBencode } from '../bencode/read.js'
import { changeText, type GatheredChanges } from './text.js'
import type { UnhashedMetainfo } from '../metainfo.js'
import { encodedInfo, type TorrentEdit } from './splice-torrent.js'

/** Gives a torrent another name, and therefore another info hash. */
export function setName(name: string): TorrentEdit {
  return (metainfo) => {
    const info: GatheredChanges = new Map()
    changeText(info, { key: 'name', text: name }, metainfo.info)
    const hasTree = metainfo.version !== 'v1'
    if (hasTree && !metainfo.isDirectory) info.set('file tree', renameInTree(metainfo, name))
    return { info }
  }
}

/** In version 2 the file of a torrent of a single file has its own name as well (BEP 52). */
function renameInTree(metainfo: UnhashedMetainfo, name: string): Uint8Array | null {
  const { bytes, spans } = encodedInfo(metainfo)
  const span = spans.get('file tree')
  if (span === undefined) return null
  const tree = bytes.subarray(span.start, span.end)
  const limits = { maxSize: tree.length, maxDepth: DEFAULT_MAX_DEPTH }
  const [file] = readBencode(tree, limits).spans.values()
  const key = encodeBencode(Buffer.from(name))
  return Buffer.concat([tree.subarray(0, file?.keyStart), key, tree.subarray(file?.start)])
}
