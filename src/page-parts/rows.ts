import { html, type Html, type HtmlValue } from '../base/text/html.js'
import { counted, formatBytes, formatNumber } from '../base/text/quantity.js'
import { type Cells, type Column, StyledCell } from './table.js'
import { renderTime } from './time.js'
import { WORDS } from './words.js'

// A file, directory or torrent looks the same in each list of several kinds.

/** Numbers of a swarm. */
interface ShownCounts {
  readonly seeds: number
  readonly leechers: number
}

/** A row of a list. */
export interface EntryRow {
  readonly name: string
  readonly address: string
  readonly isDirectory: boolean
  /** In bytes, or words in its place; null for none. */
  readonly size: number | string | null
  /** In milliseconds since 1970; null if it is unknown. */
  readonly time: number | null
  /** Null if there are none. */
  readonly counts: ShownCounts | null
  /** The address of the page of its torrent, and what it is; null if there is none. */
  readonly page: { readonly address: string; readonly what: string } | null
  /** Below the name. */
  readonly after?: HtmlValue
  /** The words that were searched. */
  readonly found?: readonly string[]
}

/** The columns of a list of entries; `date` names the times. */
export function entryColumns(date: string, hasBoxes = false): Column[] {
  return [
    ...(hasBoxes ? [['', 'pick'] as const] : []),
    [WORDS.name, 'name', 'name'],
    [WORDS.size, 'size', 'size'],
    [date, 'date', 'date'],
    [WORDS.torrent, 'get'],
  ]
}

/** The cells of a file, directory or torrent, from that of its name on. */
export function entryCells(row: EntryRow): Cells {
  const { name, address, isDirectory, size, time, counts, page, after = null, found = [] } = row
  const text = isDirectory ? `${name}/` : name
  const link = html`<a href="${address}">${markWords(text, found)}</a>${after}`
  return [
    new StyledCell(link, kindOf(name, isDirectory)),
    typeof size === 'number' ? renderBytes(size) : size,
    time !== null && renderTime(time, 'minute'),
    page &&
      html`<a href="${page.address}" rel="nofollow" ${counts && meaningOf(counts)}
        >${counts ? swarmOf(counts) : page.what}</a
      >`,
  ]
}

/** A text whose searched words are marked. */
function markWords(text: string, words: readonly string[]): HtmlValue {
  const lower = text.toLowerCase()
  // Some letters are longer in the other case
  if (words.length === 0 || lower.length !== text.length) return text
  const isFound = new Uint8Array(text.length)
  for (const word of words) {
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length))
      isFound.fill(1, at, at + word.length)
  }
  const parts = [...isFound].flatMap((is, i) => (is === isFound[i - 1] ? [] : [i]))
  return parts.map((start, i) => {
    const part = text.slice(start, parts[i + 1])
    return isFound[start] ? html`<mark>${part}</mark>` : part
  })
}

/** Bytes for people; the script of the page shows them exactly, too. */
export function renderBytes(size: number): Html {
  return html`<data value="${size}">${formatBytes(size, 1)}</data>`
}

/**
 * Kinds of files, which their icons show, by the ends of their names; none for text and all others.
 */
const KINDS: readonly (readonly [kind: string, ends: RegExp])[] = [
  ['disc', /\.(?:iso|img|dmg|qcow2|vmdk|raw)$/i],
  ['sign', /\.(?:asc|sig|gpg|sha\d+|md5|minisig|pem)$|^(?:sha|md5|blake)\w*sums/i],
  ['pack', /\.(?:rpm|deb|apk|jar|whl|msi|exe|appimage|snap|flatpak|pkg)$/i],
  ['archive', /\.(?:zip|7z|rar|tar|tgz|gz|xz|zst|bz2|lz4?|br)$/i],
  [
    'image',
    /\.(?:png|jpe?g|gif|svg|webp|avif|bmp|tiff?|ico|mp4|mkv|webm|mov|mp3|flac|ogg|opus|wav)$/i,
  ],
]

/** The class of an entry by its kind, which shows its icon. */
export function kindOf(name: string, isDirectory: boolean): string {
  const [kind = ''] = KINDS.find(([, ends]) => !isDirectory && ends.test(name)) ?? []
  return isDirectory ? 'dir' : `file ${kind}`.trimEnd()
}

function swarmOf({ seeds, leechers }: ShownCounts): Html {
  return html`<b>↑ ${formatNumber(seeds)}</b><i>↓ ${formatNumber(leechers)}</i>`
}

function meaningOf({ seeds, leechers }: ShownCounts): Html {
  return html`title="${counted(seeds, 'seed')}, ${counted(leechers, 'leecher')}"`
}
