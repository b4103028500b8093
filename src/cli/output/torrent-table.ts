import type { ClientTorrent } from '../../core/publish/client.js'
import { escapeText } from '../../text/escape.js'
import { formatBytes } from '../../text/quantity.js'
import { cutColumns, fitColumns, wrapColumns } from './bar.js'

/** How many digits of an info hash tell torrents of one name apart. */
const HASH_DIGITS = 8

/** The beginning of each line of a message. */
const INDENT = '  '

/** A column after the name. */
interface Column {
  readonly heading: string
  /** The longest value that it usually has. */
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

/** Columns of words, which begin at the left; figures end at the right. */
const WORDS: ReadonlySet<string> = new Set(['state', 'hash'])

/** What a narrow terminal goes without, in this order. */
const DISPENSABLE = ['ratio', 'peers', 'down', 'up', 'hash', 'done', 'state']

/** The least width of the names. */
const MIN_NAME = 12

/**
 * What torrents in a client are doing, one a line below a line of headings, sorted by name and
 * info hash. The lines take at most `width` columns. A client's message is in further lines of the
 * torrent's entry.
 */
export function torrentTable(torrents: readonly ClientTorrent[], width: number): string[] {
  const sorted = [...torrents].sort((a, b) => {
    return compare(a.name, b.name) || compare(a.infoHash, b.infoHash)
  })
  const columns = fittingColumns(width)
  const nameWidth = Math.max(0, width - widthOf(columns))
  const line = (name: string, cells: readonly string[]) => {
    const whole = [fitColumns(escapeText(name), nameWidth), ...cells].join(' ')
    return cutColumns(whole, width).trimEnd()
  }
  const headings = columns.map((column) => padCell(column, column.heading))
  const lines = sorted.map((torrent) => {
    const cells = columns.map((column) => padCell(column, column.valueOf(torrent)))
    return [line(torrent.name, cells), ...messageLines(torrent, width)].join('\n')
  })
  return [line('name', headings), ...lines]
}

function messageLines({ message }: ClientTorrent, width: number): string[] {
  if (message === null) return []
  const lines = wrapColumns(escapeText(message), width - INDENT.length)
  return lines.map((each) => INDENT + each)
}

/** The first digits of a torrent's info hash, for people. */
export function shortHash({ infoHash }: Pick<ClientTorrent, 'infoHash'>): string {
  return infoHash.slice(0, HASH_DIGITS)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The columns that leave room for names. */
function fittingColumns(width: number): readonly Column[] {
  let columns = COLUMNS
  for (const heading of DISPENSABLE) {
    if (width - widthOf(columns) >= MIN_NAME) break
    columns = columns.filter((column) => column.heading !== heading)
  }
  return columns
}

/** With the space before each. */
function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + 1, 0)
}

function done({ size, bytesDone }: ClientTorrent): string {
  return size === 0 ? '-' : `${Math.floor((100 * bytesDone) / size)}%`
}

function rate(bytes: number): string {
  return bytes === 0 ? '-' : `${formatBytes(bytes)}/s`
}

function padCell({ heading, width }: Column, cell: string): string {
  return WORDS.has(heading) ? cell.padEnd(width) : cell.padStart(width)
}
