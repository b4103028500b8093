import { Buffer } from 'node:buffer'
import { escapeText } from '../../../text/escape.js'
import { countLayers, type LayerHealth, contentSize } from '../../../metainfo/metainfo.js'
import { formatDhtNode } from '../../../metainfo/dht-node.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { otherKeys } from '../../../metainfo/other-keys.js'
import { formatAnnounceList } from '../../../metainfo/trackers.js'
import { count, formatBytes } from '../../../text/quantity.js'

const LABEL_WIDTH = 14

/** Formats a torrent like BitTornado's btshowmetainfo, with lines for values unknown to it. */
export function showText(metainfo: Metainfo, file: string): string {
  const lines = [
    line('metainfo file', file),
    optional('info hash', metainfo.infoHash),
    optional('info hash v2', metainfo.infoHashV2),
    ...contentLines(metainfo),
    optional('announce url', metainfo.announce),
    optional('announce-list', metainfo.announceList && formatAnnounceList(metainfo.announceList)),
    optional('http seeds', metainfo.httpSeeds?.join('|')),
    optional('comment', metainfo.comment),
    optional('web seeds', metainfo.webSeeds?.join('|')),
    optional('dht nodes', metainfo.nodes?.map(formatDhtNode).join('|')),
    optional('created by', metainfo.createdBy),
    optional('creation date', dateOf(metainfo)),
    optional('private', metainfo.private ? 'yes' : null),
    optional('source', metainfo.source),
  ]
  return lines.join('')
}

/**
 * The size in readable units, without pad files. It has its own line because scripts rely on the
 * form of the other lines.
 */
function sizeLine(metainfo: Metainfo): string {
  const { pieceCount, pieceLength } = metainfo
  const pieces = `${count(pieceCount, 'piece')} of ${formatBytes(pieceLength)}`
  return line('size', `${formatBytes(contentSize(metainfo))} in ${pieces}`)
}

/** Lines that btkit adds and BitTornado's program did not have. */
export function furtherLines(metainfo: Metainfo): string {
  const { updateUrl, similar, collections } = metainfo
  return [
    sizeLine(metainfo),
    optional('update url', updateUrl),
    optional('similar', similar?.join('|')),
    optional('collections', collections?.join('|')),
    otherKeysLine(otherKeys(metainfo)),
    versionLines(metainfo),
  ].join('')
}

/** The most keys that are listed, and the longest part of a name, in UTF-16 units. */
const MOST_KEYS = 20
const LONGEST_KEY = 60

/** Lists the keys that no other line shows: `info.x, zz`. */
function otherKeysLine(keys: readonly string[]): string {
  if (keys.length === 0) return ''
  const shown = keys.slice(0, MOST_KEYS).map((key) => {
    return key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key
  })
  const more = keys.length - shown.length
  return line('other keys', [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', '))
}

/**
 * Version 2 data of a torrent (BEP 52): the health of its piece layers, and the pieces root of each
 * file. Empty for v1 torrents.
 */
function versionLines({ version, tree }: Metainfo): string {
  if (tree === null) return ''
  const rooted = tree.filter(({ piecesRoot }) => piecesRoot !== null)
  return [
    line('version', version === 'hybrid' ? '1 and 2 (hybrid)' : '2'),
    line('piece layers', formatHealth(countLayers(tree))),
    line('pieces roots', ''),
    ...rooted.map(({ file, piecesRoot }) => {
      const root = Buffer.from(piecesRoot ?? []).toString('hex')
      return `   ${root} ${escapeText(file.path.join('/'))}\n`
    }),
  ].join('')
}

/** `2 of 3 right, 1 missing`, or `none needed` if no file is longer than a piece. */
function formatHealth({ ok, missing, wrong }: LayerHealth): string {
  const needed = ok + missing + wrong
  if (needed === 0) return 'none needed'
  const faults = [
    ...(missing > 0 ? [`, ${missing} missing`] : []),
    ...(wrong > 0 ? [`, ${wrong} wrong`] : []),
  ]
  return `${ok} of ${needed} right${faults.join('')}`
}

function contentLines(metainfo: Metainfo): string[] {
  const { name, isDirectory, files, size, pieceLength } = metainfo
  const whole = Math.floor(size / pieceLength)
  const total = `${size} (${whole} * ${pieceLength} + ${size % pieceLength})`
  if (!isDirectory) return [line('file name', name), line('file size', total)]
  return [
    line('directory name', name),
    line('files', ''),
    ...files.map((file) => `   ${escapeText(file.path.join('/'))} (${file.length})\n`),
    line('archive size', total),
  ]
}

/** The creation date as `2026-11-20 07:21:47 UTC`. */
function dateOf({ creationDate }: Metainfo): string | null {
  if (creationDate === null) return null
  return new Date(creationDate * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z/, ' UTC')
}

function line(label: string, value: string): string {
  return `${label.padEnd(LABEL_WIDTH, '.')}: ${escapeText(value)}\n`
}

function optional(label: string, value: string | null | undefined): string {
  return typeof value === 'string' ? line(label, value) : ''
}
