import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { constants } from 'node:fs'
import { mapLimited } from '../../concurrency.js'
import { isOfKind } from '../../files/stat-files.js'
import { addReadRoute, prefersJson } from '../../server/answers/accept.js'
import { renderPage } from '../../server/views/layout.js'
import { PAGE_SCRIPT } from '../../server/views/page-script.js'
import { pageHeaders, SAFE_HEADERS } from '../../server/views/policy.js'
import { WORDS } from '../../server/views/words.js'
import { jsonLine } from '../../text/escape.js'
import { html, type Html } from '../../text/html.js'
import { formatNumber } from '../../text/quantity.js'
import type { Planner } from '../admission/admission.js'
import { linksOf, type ListingRow, type RowLinks } from './listing.js'
import { renderEntry } from './listing-page.js'
import type { Requesters } from '../requests/requester.js'
import {
  ICON_PATH,
  type HeaderOptions,
  MOST_SEARCHED,
  renderSiteHeader,
  SEARCH,
} from '../requests/site-header.js'
import type { FileSwarms } from '../torrents/file-swarms.js'
import { LOOKS_AT_ONCE, type Mirror, MirrorView } from '../tree/mirror.js'
import type { FoundName, NameIndex } from './name-index.js'
import type { NameSearch } from './name-search.js'

/** Most results of a search, and most words of it. */
const MOST_RESULTS = 100
const MOST_WORDS = 8

/** Rows that are rendered in one turn: some milliseconds. */
const ROWS_A_TURN = 20

/** Estimated work of a search; see PlannedWork. */
const EFFORT = 1000

const HEADERS = {
  html: pageHeaders(PAGE_SCRIPT),
  json: { ...SAFE_HEADERS, 'Content-Type': 'application/json' },
}

/** The parts of a mirror that searches need. */
interface SearchSources {
  readonly options: HeaderOptions & { readonly mirror: Mirror }
  readonly search: NameSearch
  readonly planner: Planner
  readonly requesters: Requesters
  readonly swarms: Pick<FileSwarms, 'isUsed' | 'countsOf'>
}

/** A file or directory that was found, as it is now. */
interface Result extends FoundName {
  readonly row: ListingRow
}

/** The results of a search, and whether there are more. */
interface Results {
  readonly found: readonly Result[]
  readonly isCut: boolean
  readonly isTooLarge: boolean
}

/** Adds the search of the whole mirror. */
export function addSearchRoute(app: FastifyInstance, sources: SearchSources): void {
  addReadRoute(app, SEARCH, async (request: FastifyRequest, reply: FastifyReply) => {
    const { url = '', headers } = request.raw
    const query = (new URLSearchParams(url.split(/\?(.*)/s, 2)[1]).get('q') ?? '')
      .slice(0, MOST_SEARCHED)
      .trim()
    const { client, signal, memory } = sources.requesters.of(request, reply)
    const words = [
      ...new Set(
        query
          .toLowerCase()
          .split(/[\s/]+/)
          .filter(Boolean),
      ),
    ]
    const index = words.length === 0 ? null : await sources.search.get()
    const isJson = prefersJson(headers.accept)
    const planning = { client, signal, memory, size: EFFORT }
    const body = await sources.planner.run(planning, async (budget) => {
      const wait = () => Promise.resolve(budget.pause())
      const wanted = { words: words.slice(0, MOST_WORDS), mirror: sources.options.mirror, wait }
      const results = await resultsOf(index, wanted)
      if (isJson) return jsonOf(query, results)
      const rows: Html[] = []
      for (const result of results.found) {
        rows.push(renderResult(result, sources))
        if (rows.length % ROWS_A_TURN === 0) await budget.nextSlice()
      }
      return renderResults(query, { ...results, rows }, sources)
    })
    reply.header('Cache-Control', 'no-cache').header('Vary', 'Accept')
    return reply.headers(HEADERS[isJson ? 'json' : 'html']).send(body)
  })
}

interface Wanted {
  readonly words: readonly string[]
  readonly mirror: Mirror
  readonly wait: () => Promise<unknown>
}

/** The entries that an index finds and that are there now. */
async function resultsOf(
  index: NameIndex | null,
  { words, mirror, wait }: Wanted,
): Promise<Results> {
  const names: FoundName[] = []
  if (index && !index.isTooLarge) {
    for await (const found of index.search(words, wait)) {
      names.push(found)
      if (names.length > MOST_RESULTS) break
    }
  }
  const view = new MirrorView(mirror)
  const looked = await mapLimited(names.slice(0, MOST_RESULTS), LOOKS_AT_ONCE, async (name) => {
    // Perhaps it is gone
    const look = await view.look(name.path).catch(() => null)
    if (!look) return null
    const isDirectory = isOfKind(look, constants.S_IFDIR)
    const { size, mtimeNs } = look.fingerprint
    const modified = Number(mtimeNs / 1_000_000n)
    const row = {
      name: name.path.at(-1) ?? '',
      isDirectory,
      size: isDirectory ? 0 : size,
      modified,
    }
    return { ...name, row }
  })
  const found = looked.filter((each) => each !== null)
  return { found, isCut: names.length > MOST_RESULTS, isTooLarge: index?.isTooLarge === true }
}

/** The way from the page of a search to the root. */
const ROOT = '../'

/** The links of an entry; `directory` is the way from the page of a search to its directory. */
function linksFrom(row: ListingRow, directory: string): RowLinks {
  const { address, torrent, magnet } = linksOf(row, new Set())
  const from = (link: string | null) => link && directory + link.slice('./'.length)
  return {
    address: directory + address.slice('./'.length),
    torrent: from(torrent),
    magnet: from(magnet),
  }
}

function renderResults(
  query: string,
  results: Results & { readonly rows: readonly Html[] },
  { options, swarms }: SearchSources,
): string {
  const title = query === '' ? 'Search' : `Search: ${query}`
  const { found, isCut, isTooLarge, rows } = results
  const count = `${formatNumber(found.length)}${isCut ? ' of more' : ''} found`
  return renderPage(
    {
      title,
      icon: ROOT + ICON_PATH,
      head: PAGE_SCRIPT.element,
      header: renderSiteHeader(options, ROOT, { searched: query }),
      footer: html`<a href="search?q=${encodeURIComponent(query)}" type="application/json"
        >${WORDS.json}</a
      >`,
    },
    html`<h1>${title}</h1>
      ${isTooLarge && html`<p>This mirror has too many names for one search; search in its folders.</p>`}
      ${!isTooLarge && query !== '' && found.length === 0 && html`<p>Nothing has all these words in its path.</p>`}
      ${isCut && html`<p>Only the first are listed; add a word to find fewer.</p>`}`,
    found.length > 0 &&
      html`<table class="listing">
        <caption>
          ${count}
        </caption>
        <thead>
          <tr>
            <th scope="col" class="name">${WORDS.name}</th>
            <th scope="col" class="n">${WORDS.size}</th>
            <th scope="col" class="date">${WORDS.changed}</th>
            ${swarms.isUsed && html`<th scope="col" class="swarm">${WORDS.seeds}</th>`}
            <th scope="col" class="get">Get</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
  )
}

function renderResult(result: Result, { swarms }: SearchSources): Html {
  const { path, row } = result
  const above = path.slice(0, -1)
  const directory = ROOT + above.map((name) => `${encodeURIComponent(name)}/`).join('')
  return renderEntry(row, {
    links: linksFrom(row, directory),
    before: null,
    after: html`<a class="place" href="${above.length > 0 ? directory : `${ROOT}./`}"
      >/${above.join('/')}</a
    >`,
    counts: row.isDirectory ? undefined : (swarms.countsOf(path, row) ?? undefined),
    hasSwarms: swarms.isUsed,
  })
}

function jsonOf(query: string, { found, isCut, isTooLarge }: Results): string {
  const entries = found.map(({ path, row }) => {
    const { isDirectory, size, modified } = row
    return {
      path: `/${path.join('/')}`,
      type: isDirectory ? 'directory' : 'file',
      size: isDirectory ? null : size,
      mtime: new Date(modified).toISOString(),
    }
  })
  return jsonLine({ query, isCut, isTooLarge, entries })
}
