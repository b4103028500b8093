import { html, type Html, type HtmlValue } from '../base/text/html.js'
import { counted, formatBytes, formatNumber } from '../base/text/quantity.js'
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
  /** The links to its torrent, and others. */
  readonly links: HtmlValue
  /** The first cell, before that of the name; none by default. */
  readonly before?: HtmlValue
  /** Behind the name. */
  readonly after?: HtmlValue
}

/** A file, directory or torrent as a row; `hasSwarms` says whether the table has that column. */
export function renderEntryRow(row: EntryRow, hasSwarms: boolean): Html {
  const { name, address, isDirectory, size, time, counts, links, before, after } = row
  const kind = kindOf(name, isDirectory)
  const text = isDirectory ? `${name}/` : name
  const shown = typeof size === 'number' ? renderBytes(size) : size
  // A page has 1,000 rows, so there is no space between their cells
  return html`<tr>
    ${[
      before ?? null,
      html`<th scope="row" class="${kind}"><a href="${address}">${text}</a>${after ?? null}</th>`,
      html`<td class="n">${shown}</td>`,
      html`<td class="date">${time !== null && renderTime(time, 'minute')}</td>`,
      hasSwarms && renderSwarm(counts),
      html`<td class="get">${links}</td>`,
    ]}
  </tr> `
}

/** Bytes for people; the script of the page shows them exactly, too. */
export function renderBytes(size: number): Html {
  return html`<data value="${size}">${formatBytes(size, 1)}</data>`
}

/**
 * Kinds of files, which their icons show, by the ends of their names; none for text and all others.
 */
const KINDS: readonly (readonly [kind: string, ends: RegExp])[] = [
  ['disc', /\.(?:iso|img|dmg|qcow2|vmdk|raw)(?:\.\w+)?$/i],
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

function renderSwarm(counts: ShownCounts | null): Html {
  if (!counts) return html`<td class="swarm"></td>`
  const { seeds, leechers } = counts
  const text = `${counted(seeds, 'seed')}, ${counted(leechers, 'leecher')}`
  return html`<td class="swarm" title="${text}" aria-label="${text}">
    ${[
      html`<span${seeds > 0 && html` class="seeds"`}>↑${formatNumber(seeds)}</span> `,
      html`<span${leechers > 0 && html` class="peers"`}>↓${formatNumber(leechers)}</span>`,
    ]}
  </td>`
}

/** A table of rows in a fixed order; `date` names the times. */
export function renderEntries(
  rows: readonly Html[],
  caption: string,
  date: string,
  hasSwarms: boolean,
): Html {
  return html`<table class="rows listing">
    <caption>
      ${caption}
    </caption>
    <thead>
      <tr>
        <th scope="col" class="name">${WORDS.name}</th>
        <th scope="col" class="n">${WORDS.size}</th>
        <th scope="col" class="date">${date}</th>
        ${hasSwarms && html`<th scope="col" class="swarm">${WORDS.seeds}</th>`}
        <th scope="col" class="get">Get</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`
}
