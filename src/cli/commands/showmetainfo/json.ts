import { Buffer } from 'node:buffer'
import { alignTree } from '../../../metainfo/build/info.js'
import { contentSize, countLayers } from '../../../metainfo/metainfo.js'
import { magnetLink } from '../../../metainfo/magnet.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { otherKeys } from '../../../metainfo/other-keys.js'
import { jsonLine, escapeText } from '../../../text/escape.js'
import { basename } from 'node:path'
import { failureKeys, torrentKeys } from '../../output/torrent-json.js'
import type { SeedCheck } from '../../../clients/web-seeds/check-seed.js'

/** Formats a torrent for programs: one line of JSON, with null for missing values. */
export function showJson(metainfo: Metainfo, file: string): string {
  return jsonLine({
    torrent: file,
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
    ...failureKeys(null),
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

/** Whether a seed was asked and did not send the right piece. */
export function hasFailed({ result }: SeedCheck): boolean {
  return result !== 'ok' && result !== 'not asked'
}

/** Formats the results of checking a torrent's seeds for people, one line per seed. */
export function seedsText(checks: readonly SeedCheck[], file: string): string {
  const head = `${escapeText(basename(file))}:\n`
  if (checks.length === 0) return `${head}  names no web seeds\n`
  const width = Math.max(...checks.map(({ result }) => result.length))
  const lines = checks.map(({ result, url, detail, piece }) => {
    const more = [...(detail ? [detail] : []), ...(piece === null ? [] : [`piece ${piece}`])]
    const rest = more.length > 0 ? ` (${more.join(', ')})` : ''
    return `  ${result.padEnd(width)}  ${escapeText(url)}${escapeText(rest)}\n`
  })
  return head + lines.join('')
}

/** Formats the results of checking seeds for programs: one line of JSON. */
export function seedsJson(checks: readonly SeedCheck[], file: string, metainfo: Metainfo): string {
  const seeds = checks.map(({ url, kind, result, detail, piece }) => {
    return { url, kind, result, detail: detail === '' ? null : detail, piece }
  })
  return jsonLine({ ...torrentKeys(file, metainfo), file, seeds, ...failureKeys(null) })
}
