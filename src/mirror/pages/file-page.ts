import { isRaw } from '../../base/text/raw-path.js'
import type { KnownCounts, SwarmMonth } from '../../metainfo/swarm-counts.js'
import { fileAddress } from '../../metainfo/trackers.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { ReadDigest } from '../torrents/known-results.js'
import { linksOf, type RowLinks } from './listing.js'
import { MOST_V2_BYTES, viewsBelow, viewsOf } from '../tree/address.js'
import { type HeaderOptions, mirrorPage, stepsAbove } from './site-header.js'
import { type Page, renderCard, renderTop } from '../../page-parts/layout.js'
import { renderFoldedQr } from '../../page-parts/qr-code.js'
import {
  describeItem,
  hashFacts,
  renderActs,
  renderCopied,
  renderFacts,
  renderItem,
  renderSwarm,
  dotted,
} from '../../page-parts/item.js'
import { renderIfKnown, renderTime } from '../../page-parts/time.js'
import { WORDS } from '../../page-parts/words.js'
import { inShell } from '../../base/text/escape.js'
import { html, type Html } from '../../base/text/html.js'
import { counted, formatBytes, formatNumber } from '../../base/text/quantity.js'

/** A list beside a file that has a checksum of it. */
export interface StatedList {
  readonly list: string
  readonly address: string
  /** The program that reads such lists. */
  readonly program: string
  /** Whether it has many files, with their names. */
  readonly isOfAll: boolean
  /** In hexadecimal digits. */
  readonly digest: string
  /** Whether it is that of the file; null if the file was not read. */
  readonly isOwn: boolean | null
  /** When the file was read, in milliseconds since 1970; null if it was not. */
  readonly readAt: number | null
}

/** A published file with everything that its page shows. */
export interface PagedFile {
  readonly components: readonly string[]
  /** In bytes. */
  readonly size: number
  /** In milliseconds since 1970. */
  readonly modified: number
  /** The digest of the file, and when it was read; null if it is not known without reading. */
  readonly sha256: ReadDigest | null
  /** The lists beside it that name it. */
  readonly stated: readonly StatedList[]
  /** The counts of its swarm; null if there is none. */
  readonly counts: KnownCounts | null
  readonly month: SwarmMonth | null
  /** The tracker's page of the swarm; null if there is none. */
  readonly swarmPage: string | null
  /** Whether this server seeds it. */
  readonly isSeeded: boolean
  /** The info hash of its torrent of version 1; null if it is not known without reading. */
  readonly infoHash: InfoHash | null
  /** URL of the mirror's root; null if another server serves the files. */
  readonly base: string | null
}

/** The page of a file, or of the magnet link of a directory or of chosen files. */
export interface FilePage {
  /** The path of the file or directory. */
  readonly components: readonly string[]
  /** The way to the root of the mirror, such as `../`. */
  readonly root: string
  readonly file: PagedFile | null
  /** Null if the torrent was not asked for yet. */
  readonly made: MadeTorrent | null
}

/** A torrent that was asked for. */
interface MadeTorrent {
  readonly magnet: string
  /** URL of the .torrent. */
  readonly address: string
  /** The number of its files, and their size in bytes. */
  readonly files: number
  readonly size: number
}

/** Answers with the page of a file or magnet link. */
export function filePage(page: FilePage, options: HeaderOptions): Page {
  const { components, root, file, made } = page
  const name = components.at(-1) ?? ''
  const magnet = made?.magnet ?? null
  const qr = magnet !== null && renderFoldedQr(magnet, `${root}-/`)
  return mirrorPage(
    options,
    {
      title: file ? name : `Magnet link of ${name}`,
      root,
      description: describeItem(file?.size ?? made?.size ?? null, file?.counts ?? null),
    },
    renderTop({ title: name, above: stepsAbove(components, root) }),
    file
      ? renderItem(
          actsOf(file, root, magnet),
          [wholeCard(file, root), terminalCard(file, root, magnet)],
          [swarmCard(file, options), factsCard(file), qr],
        )
      : renderItem(
          renderActs({ magnet, torrent: made?.address ?? null }),
          made && madeCard(made),
          qr,
        ),
  )
}

function madeCard({ size, files }: MadeTorrent): Html {
  const facts = [sizeFact(size), [WORDS.files, formatNumber(files)]] as const
  return renderCard(WORDS.facts, renderFacts(facts))
}

function sizeFact(size: number) {
  return [WORDS.size, counted(size, 'byte')] as const
}

/** The links of a file on a page from which `root` leads to the root of the mirror. */
function linksOfFile({ components, size }: PagedFile, root: string): RowLinks {
  const row = { name: components.at(-1) ?? '', isDirectory: false, size, modified: 0 }
  const links = linksOf(row, viewsBelow(root, components.slice(0, -1)))
  return { ...links, address: fileAddress(`${root}.`, components) }
}

/** The buttons of a file. */
function actsOf(file: PagedFile, root: string, link: string | null): Html {
  const { address, torrent, magnet } = linksOfFile(file, root)
  return renderActs({
    magnet: link,
    torrent: torrent ?? null,
    download: file.base === null ? null : { address, size: file.size },
    more: link === null && magnet && html`<a class="button" href="${magnet}">Magnet</a>`,
  })
}

/** Whether the file is as its list says, and how to see that at home. */
function wholeCard(file: PagedFile, root: string): Html {
  const { components, size, sha256, stated, base } = file
  const digest = sha256 && Buffer.from(sha256.digest).toString('hex')
  const link = ({ list, address }: StatedList) => html`<a href="${address}">${list}</a>`
  const now = html`<a href="${viewsOf(root, components)}.details?sha256" rel="nofollow"
    >check now (${formatBytes(size)})</a
  >`
  const wrong = stated.find(({ isOwn }) => isOwn === false)
  const same = stated.find(({ isOwn }) => isOwn === true)
  const [unread] = stated
  const shown = wrong ?? same ?? unread
  const checked = html`checked ${renderIfKnown(shown?.readAt ?? sha256?.readAt ?? null)}`
  const says =
    wrong !== undefined
      ? html`<b class="bad">✗ ${link(wrong)} has another checksum</b> than this file · ${checked}`
      : same !== undefined
        ? html`<b class="good">✓ Same as ${link(same)}</b> · ${checked}`
        : unread !== undefined
          ? html`${link(unread)} says this · not read here yet: ${now}`
          : digest === null
            ? html`Not read here yet, and no list beside it has its checksum: ${now}`
            : html`No list beside it has its checksum · ${checked}`
  const value = digest ?? shown?.digest
  const name = components.at(-1) ?? ''
  const list = wrong ? undefined : shown
  const check =
    list?.isOfAll === true && base !== null
      ? `curl -s ${inShell(fileAddress(base, [...components.slice(0, -1), list.list]))} | ${list.program} -c --ignore-missing`
      : value !== undefined &&
        `echo ${inShell(`${value}  ${name}`)} | ${digest === null ? (list?.program ?? '') : 'sha256sum'} -c`
  return renderCard(
    WORDS.isWhole,
    html`<p>${says}</p>
      ${value === undefined ? null : renderCopied('sha256', digest === null ? 'checksum' : WORDS.sha256, value)}
      ${
        wrong !== undefined &&
        html`<p>${wrong.list} says:</p>
          ${renderCopied('stated', wrong.list, wrong.digest)}`
      }
      ${
        check !== false &&
        html`<p class="muted">On your machine, beside the file:</p>
          ${renderCopied('check', 'command that checks it', check)}`
      }`,
  )
}

/** The commands that download the file, and the links that few people need. */
function terminalCard(file: PagedFile, root: string, link: string | null): Html {
  const { components, size, base } = file
  const { torrent } = linksOfFile(file, root)
  const view = viewsOf(root, components)
  const hybrid = torrent && size <= MOST_V2_BYTES && `${torrent}?hybrid`
  // aria2 does not read the peer in a magnet link
  const given = base !== null && torrent ? linksOfFile(file, `${base}/`).torrent : link
  const url = base === null ? null : fileAddress(base, components)
  const also = [
    hybrid && html`<a href="${hybrid}">hybrid .torrent</a>`,
    !components.some(isRaw) && html`<a href="${view}.meta4">Metalink</a>`,
    html`<a href="${view}.sha256">checksum file</a>`,
  ]
  return renderCard(
    WORDS.terminal,
    html`${url !== null && renderCopied('command', WORDS.commandLine, `curl -fO ${quoted(url)}`)}
      ${given && renderCopied('aria2', WORDS.withTorrents, `aria2c ${quoted(given)}`)}
      <p class="muted">Also: ${dotted(also)}</p>`,
  )
}

/** A URL in quotes of a shell. */
function quoted(url: string): string {
  return `'${url.replaceAll("'", '%27')}'`
}

function swarmCard(file: PagedFile, { ownTracker }: HeaderOptions): Html {
  const { counts, swarmPage, isSeeded } = file
  const seeded = isSeeded && html`<span class="good">this server seeds</span>`
  const page = swarmPage !== null && html`<a href="${swarmPage}">its page at the tracker</a>`
  const hint =
    ownTracker === null && html`a tracker adds its month: <code>btkit serve --track</code>`
  if (counts) return renderSwarm({ ...file, ...counts, more: [seeded, page, hint] })
  const none = ownTracker
    ? 'Nobody has announced it yet.'
    : html`No tracker here counts its peers. <code>btkit serve --track</code> adds one.`
  return renderCard(
    WORDS.swarm,
    html`<p class="muted">${none}</p>
      <p>${dotted([seeded, page])}</p>`,
  )
}

function factsCard({ size, modified, infoHash }: PagedFile): Html {
  const facts = [
    sizeFact(size),
    [WORDS.changed, renderTime(modified, 'second')] as const,
    ...hashFacts({ infoHash, infoHashV2: null }),
  ]
  return renderCard(WORDS.facts, renderFacts(facts))
}
