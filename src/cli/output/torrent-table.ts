import { isWhole, type ClientTorrent } from '../../core/publish/client.js'
import { escapeText } from '../../base/text/escape.js'
import { count, formatBytes, formatNumber } from '../../base/text/quantity.js'
import { cutColumns, fitColumns, wrapColumns } from './bar.js'
import { hideSecrets } from '../../base/text/secrets.js'

/** Number of digits that distinguish torrents of the same name. */
const HASH_DIGITS = 8

/** Indentation of a message's lines. */
const INDENT = '  '

/** A column after the name. */
interface Column {
  readonly heading: string
  /** The usual maximum width. */
  readonly width: number
  readonly valueOf: (torrent: ClientTorrent) => string
}

const COLUMNS: readonly Column[] = [
  { heading: 'state', width: 11, valueOf: ({ state }) => state },
  { heading: 'done', width: 4, valueOf: done },
  { heading: 'peers', width: 5, valueOf: ({ peers }) => `${peers}` },
  { heading: 'up', width: 10, valueOf: ({ uploadRate }) => rate(uploadRate) },
  { heading: 'down', width: 10, valueOf: ({ downloadRate }) => rate(downloadRate) },
  { heading: 'ratio', width: 6, valueOf: ({ ratio }) => ratio.toFixed(2) },
  { heading: 'hash', width: HASH_DIGITS, valueOf: shortHash },
]

/** Columns of words are aligned left; figures are aligned right. */
const WORDS: ReadonlySet<string> = new Set(['state', 'hash'])

/** The columns that a narrow terminal omits, in this order. */
const DISPENSABLE = ['ratio', 'peers', 'down', 'up', 'hash', 'done', 'state']

/** The smallest width of the name column. */
const MIN_NAME = 12

/** Sorts torrents by name and info hash, those that come first before all others. */
export function sortTorrents(
  torrents: readonly ClientTorrent[],
  comesFirst: (torrent: ClientTorrent) => boolean = () => false,
): ClientTorrent[] {
  return [...torrents].sort((a, b) => {
    const order = Number(comesFirst(b)) - Number(comesFirst(a))
    return order || compare(a.name, b.name) || compare(a.infoHash, b.infoHash)
  })
}

/**
 * Formats torrents as a table with headings, in their order. Lines have at most `width` columns. A
 * client's message follows in further lines of the torrent's entry.
 */
export function torrentTable(torrents: readonly ClientTorrent[], width: number): string[] {
  const columns = fittingColumns(width)
  const nameWidth = Math.max(0, width - widthOf(columns))
  const line = (name: string, cells: readonly string[]) => {
    const whole = [fitColumns(escapeText(name), nameWidth), ...cells].join(' ')
    return cutColumns(whole, width).trimEnd()
  }
  const headings = columns.map((column) => padCell(column, column.heading))
  const lines = torrents.map((torrent) => {
    const cells = columns.map((column) => padCell(column, column.valueOf(torrent)))
    return [line(torrent.name, cells), ...messageLines(torrent, width)].join('\n')
  })
  return [line('name', headings), ...lines]
}

function messageLines({ message }: ClientTorrent, width: number): string[] {
  if (message === null) return []
  const lines = wrapColumns(escapeText(hideSecrets(message)), width - INDENT.length)
  return lines.map((each) => INDENT + each)
}

/** The first digits of a torrent's info hash. */
export function shortHash({ infoHash }: Pick<ClientTorrent, 'infoHash'>): string {
  return infoHash.slice(0, HASH_DIGITS)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The columns that leave enough room for names. */
function fittingColumns(width: number): readonly Column[] {
  let columns = COLUMNS
  for (const heading of DISPENSABLE) {
    if (width - widthOf(columns) >= MIN_NAME) break
    columns = columns.filter((column) => column.heading !== heading)
  }
  return columns
}

/** Includes the space before each column. */
function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + 1, 0)
}

function done(torrent: ClientTorrent): string {
  const { size, bytesDone } = torrent
  if (size === 0) return '-'
  return isWhole(torrent) ? '100%' : `${Math.floor((100 * bytesDone) / size)}%`
}

function rate(bytes: number): string {
  return bytes === 0 ? '-' : `${formatBytes(bytes)}/s`
}

function padCell({ heading, width }: Column, cell: string): string {
  return WORDS.has(heading) ? cell.padEnd(width) : cell.padStart(width)
}

/** Returns the sums of torrents in a line. */
export function sumOf(shown: readonly ClientTorrent[]): string {
  const states = new Map<string, number>()
  for (const { state } of shown) states.set(state, (states.get(state) ?? 0) + 1)
  const total = (valueOf: (torrent: ClientTorrent) => number) =>
    shown.reduce((sum, torrent) => sum + valueOf(torrent), 0)
  const byState = Array.from(states, ([state, n]) => `${formatNumber(n)} ${state}`).sort()
  const size = formatBytes(total((torrent) => torrent.size))
  const rate = formatBytes(total(({ uploadRate }) => uploadRate))
  const peers = count(
    total((torrent) => torrent.peers),
    'peer',
  )
  return `${count(shown.length, 'torrent')}: ${byState.join(', ')}; ${size}, ${peers}, up ${rate}/s`
}
