import { Buffer } from 'node:buffer'
import { alignTree } from '../../../metainfo/build/info.js'
import { contentSize, countLayers } from '../../../metainfo/metainfo.js'
import { magnetLink } from '../../../metainfo/magnet.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { otherKeys } from '../../../metainfo/other-keys.js'
import { jsonLine } from '../../../text/escape.js'

/** A torrent for programs: one line of JSON in which absent values are null. */
export function showJson(metainfo: Metainfo, file: string): string {
  return jsonLine({
    file,
    infoHash: metainfo.infoHash,
    infoHashV2: metainfo.infoHashV2,
    name: metainfo.name,
    size: contentSize(metainfo),
    pieceLength: metainfo.pieceLength,
    pieceCount: metainfo.pieceCount,
    private: metainfo.private,
    announce: metainfo.announce,
    announceList: metainfo.announceList,
    httpSeeds: metainfo.httpSeeds,
    webSeeds: metainfo.webSeeds,
    nodes: metainfo.nodes,
    comment: metainfo.comment,
    createdBy: metainfo.createdBy,
    creationDate: metainfo.creationDate,
    source: metainfo.source,
    updateUrl: metainfo.updateUrl,
    similar: metainfo.similar,
    collections: metainfo.collections,
    otherKeys: otherKeys(metainfo),
    version: metainfo.version,
    pieceLayers: metainfo.tree && countLayers(metainfo.tree),
    files: filesOf(metainfo),
    magnet: magnetLink(metainfo),
    warnings: metainfo.warnings,
  })
}

function filesOf(metainfo: Metainfo) {
  const tree = alignTree(metainfo)
  return metainfo.files.map(({ path, length, padding, attr }, at) => {
    const piecesRoot = hexOf(tree[at]?.piecesRoot)
    const layer = tree[at]?.layerState ?? null
    return { path: path.join('/'), length, padding, attr, piecesRoot, layer }
  })
}

function hexOf(bytes: Uint8Array | null | undefined): string | null {
  return bytes ? Buffer.from(bytes).toString('hex') : null
}
