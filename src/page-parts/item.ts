import { fieldValue, html, type Html, type HtmlValue } from '../base/text/html.js'
import { clipText } from '../base/text/escape.js'
import { counted, formatBytes, formatNumber } from '../base/text/quantity.js'
import { type DailySeeds, renderSwarmMonth } from './chart.js'
import { renderCard } from './layout.js'
import { WORDS } from './words.js'

// A torrent or file looks the same on every page: its buttons, figures and facts, a folded QR code,
// and its files.

/** The ways to get a torrent or file; null for those that are not there. */
export interface ItemActs {
  readonly magnet: string | null
  /** The address of the .torrent. */
  readonly torrent: string | null
  /** The address of the file itself, and its bytes. */
  readonly download?: { readonly address: string; readonly size: number } | null
  /** Whether nobody has its data, so that a magnet link could not begin. */
  readonly isAlone?: boolean
  /** Whether the page is for something else, which has the filled button. */
  readonly isAside?: boolean
  /** Further links and buttons. */
  readonly more?: HtmlValue
}

/** The buttons of a torrent or file; the first is the one that most people want. */
export function renderActs({ isAside, more, ...item }: ItemActs): Html {
  const { magnet, torrent, download, isAlone } = item
  const button = (address: string | null | undefined, text: string) => {
    return address != null && { address, text }
  }
  const open = button(magnet, WORDS.openInApp)
  const save = button(torrent, WORDS.torrentFile)
  const get = button(download?.address, `${WORDS.download} · ${formatBytes(download?.size ?? 0)}`)
  const shown = [get, ...(isAlone === true ? [save, open] : [open, save])].filter((each) => !!each)
  return html`<p class="acts">
    ${shown.map(({ address, text }, i) => {
      return html`<a class="button${i === 0 && isAside !== true && ' main'}" href="${address}"
        >${text}</a
      > `
    })}
    ${magnet !== null && copyMagnet(magnet)} ${more ?? null}
  </p>`
}

/** The button that copies a magnet link. `id` is unique on the page. */
export function copyMagnet(magnet: string, id = 'magnet'): Html {
  return html`<button type="button" data-copy="${id}" hidden>${WORDS.copyMagnet}</button
    ><input type="hidden" id="${id}" value="${fieldValue(magnet)}" />`
}

/** The page of a torrent or file below its title: buttons, and cards in two columns. */
export function renderItem(acts: HtmlValue, main: HtmlValue, aside: HtmlValue): Html {
  return html`${acts}
    <div class="two">
      <div>${main}</div>
      <div>${aside}</div>
    </div>`
}

/** A figure: its name, its value, the class of its colour, and what stands below it. */
export type Figure = readonly [
  name: string,
  value: HtmlValue,
  style?: 'seeds' | 'peers' | false,
  below?: HtmlValue,
]

/** The figures of the moment, in a row. */
export function renderFigures(figures: readonly (Figure | false)[], isCard = false): Html {
  const shown = figures.filter((figure): figure is Figure => figure !== false)
  return html`<dl class="figures${isCard && ' card'}">
    ${shown.map(([name, value, style, below = null]) => {
      return html`<div class="${style || ''}">
        <dt>${name}</dt>
        <dd>${typeof value === 'number' ? formatNumber(value) : value}</dd>
        ${below !== null && html`<dd class="below">${below}</dd>`}
      </div>`
    })}
  </dl>`
}

/** The figures of the peers of swarms. */
export function peerFigures(seeds: number, leechers: number, webSeeds = 0): (Figure | false)[] {
  return [
    [WORDS.seeds, seeds, seeds > 0 && 'seeds'],
    webSeeds > 0 && [WORDS.webSeeds, webSeeds, 'seeds'],
    [WORDS.leechers, leechers, leechers > 0 && 'peers'],
  ]
}

/** A swarm, as the page of its torrent or file shows it. */
interface ShownSwarm {
  readonly seeds: number
  readonly webSeeds?: number
  readonly leechers: number
  readonly completed: number
  /** The size of the torrent in bytes; null if it is unknown or hidden. */
  readonly size: number | null
  readonly month: DailySeeds | null
  /** Further texts below the figures. */
  readonly more?: readonly (Html | false)[]
}

/** The card of a swarm: its peers, their month, and what they got. */
export function renderSwarm(swarm: ShownSwarm): Html {
  const { seeds, webSeeds = 0, leechers, completed, size, month, more = [] } = swarm
  const given = completed * (size ?? 0)
  return renderCard(
    WORDS.swarm,
    html`${renderFigures(peerFigures(seeds, leechers, webSeeds))}
      ${month && renderSwarmMonth(month)}
      <p class="muted">
        ${dotted([`${formatNumber(completed)} completed`, given > 0 && `${formatBytes(given)} given`, ...more])}
      </p>`,
  )
}

/** Joins the texts that are there with dots; false if none is. */
export function dotted(parts: readonly HtmlValue[]): HtmlValue {
  const shown = parts.filter((part) => part !== null && part !== false && part !== '')
  return shown.length > 0 && shown.map((part, at) => [at > 0 && ' · ', part])
}

/** A fact: its name and its value; false and null for none. */
export type Fact = readonly [name: string, value: HtmlValue]

/** Facts in two columns. */
export function renderFacts(facts: readonly (Fact | false | null)[]): Html {
  const shown = facts.filter(
    (fact): fact is Fact => !!fact && fact[1] !== null && fact[1] !== false,
  )
  return html`<dl class="facts">
    ${shown.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`
}

/** A text that people copy, such as a command, in one line that scrolls. */
export function renderCopied(
  id: string,
  label: string,
  text: string | Html,
  button: string = WORDS.copy,
): Html {
  return html`<div class="copied">
    <code id="${id}" tabindex="0" role="group" aria-label="${label}">${text}</code>
    <button
      type="button"
      data-copy="${id}"
      aria-label="${button === WORDS.copy ? `${button} ${label}` : button}"
      hidden
    >
      ${button}
    </button>
  </div>`
}

/** The info hashes of a torrent, to be copied; a hybrid has two. */
export function hashFacts(hashes: {
  readonly infoHash: string | null
  readonly infoHashV2: string | null
}): (Fact | false)[] {
  const isHybrid = hashes.infoHash !== null && hashes.infoHashV2 !== null
  const fact = (value: string | null, version: string): Fact | false => {
    if (value === null) return false
    const name = isHybrid ? `${WORDS.infoHash} ${version}` : WORDS.infoHash
    const id = name.replaceAll(' ', '-')
    return [
      name,
      html`<code id="${id}">${value}</code
        ><button type="button" data-copy="${id}" aria-label="${WORDS.copy} ${name}" hidden>
          copy
        </button>`,
    ]
  }
  return [fact(hashes.infoHash, 'v1'), fact(hashes.infoHashV2, 'v2')]
}

/** The size and swarm of a torrent or file, for previews of links. */
export function describeItem(
  size: number | null,
  counts: { readonly seeds: number; readonly webSeeds?: number; readonly leechers: number } | null,
): string {
  const { seeds, webSeeds = 0, leechers } = counts ?? { seeds: 0, leechers: 0 }
  const parts = [
    size !== null && formatBytes(size),
    counts && counted(seeds, 'seed'),
    webSeeds > 0 && counted(webSeeds, 'web seed'),
    counts && counted(leechers, 'leecher'),
  ]
  return parts.filter((part) => part !== false && part !== null).join(', ')
}

/** A file of a torrent or directory. */
export interface ShownFile {
  readonly path: readonly string[]
  /** In bytes. */
  readonly length: number
}

/** The most components of a path that are shown one by one, and its longest text in characters. */
const MAX_DEPTH = 16
const MAX_PATH = 1000

/**
 * Cuts paths that no disk could have, and joins the deepest components, so that pages stay small.
 */
export function shownPath(path: readonly string[]): string[] {
  const first = path.slice(0, MAX_DEPTH)
  const rest = path.slice(MAX_DEPTH)
  let room = MAX_PATH
  return (rest.length === 0 ? first : [...first, rest.join('/')]).map((component) => {
    const kept = clipText(component, Math.max(0, room))
    room -= kept.length
    return kept
  })
}

/** The files of a directory, and what is below it. */
interface Branch {
  readonly name: string
  readonly branches: Map<string, Branch>
  readonly files: ShownFile[]
  size: number
}

/** Files as a tree of directories, which can be opened and closed. The sizes are of these files. */
export function renderFileTree(files: readonly ShownFile[]): Html {
  const top = branch('')
  for (const file of files) {
    let at = top
    for (const name of file.path.slice(0, -1)) {
      const next = at.branches.get(name) ?? branch(name)
      at.branches.set(name, next)
      next.size += file.length
      at = next
    }
    at.files.push(file)
  }
  return html`<div class="tree">${renderBranch(top)}</div>`
}

function branch(name: string): Branch {
  return { name, branches: new Map(), files: [], size: 0 }
}

function renderBranch({ branches, files }: Branch): Html {
  return html`<ul>
    ${[...branches.values()].map((each) => {
      return html`<li>
        <details open>
          <summary>
            <span>${each.name}/</span> <data value="${each.size}">${formatBytes(each.size)}</data>
          </summary>
          ${renderBranch(each)}
        </details>
      </li>`
    })}
    ${files.map(({ path, length }) => {
      return html`<li>
        <span>${path.at(-1) ?? ''}</span> <data value="${length}">${formatBytes(length)}</data>
      </li>`
    })}
  </ul>`
}
