import { escapeText } from '../../../text/escape.js'
import { formatDhtNode } from '../../../metainfo/dht-node.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { formatAnnounceList } from '../../../metainfo/trackers.js'
import { count, formatBytes } from '../../output/quantity.js'

const LABEL_WIDTH = 14

/** A torrent in the words of BitTornado's btshowmetainfo, with lines for what that did not know. */
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

/** The size for a person, in a line of its own: scripts know the other lines as they are. */
export function sizeLine({ size, pieceCount, pieceLength }: Metainfo): string {
  const pieces = `${count(pieceCount, 'piece')} of ${formatBytes(pieceLength)}`
  return line('size', `${formatBytes(size)} in ${pieces}`)
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
