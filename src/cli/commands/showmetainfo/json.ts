import { magnetLink } from '../../../metainfo/magnet.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { jsonLine } from '../../../text/json-line.js'

/** A torrent for programs: one line of JSON in which absent values are null. */
export function showJson(metainfo: Metainfo, file: string): string {
  return jsonLine({
    file,
    infoHash: metainfo.infoHash,
    infoHashV2: metainfo.infoHashV2,
    name: metainfo.name,
    size: metainfo.size,
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
    files: metainfo.files.map(({ path, length, padding }) => {
      return { path: path.join('/'), length, padding }
    }),
    magnet: magnetLink(metainfo),
    warnings: metainfo.warnings,
  })
}
