import { encodeName, encodePercent } from '../../base/percent.js'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { constants } from 'node:fs'
import { mapLimited } from '../../base/concurrency.js'
import { isOfKind } from '../../disk/look/stat-files.js'
import { directoryAddress, fileAddress } from '../../metainfo/trackers.js'
import { prefersJson } from '../../server/headers/accept.js'
import { addAnswers, type Answer, jsonAnswer, negotiated } from '../../server/headers/answer.js'
import { splitTarget } from '../../server/headers/target.js'
import {
  type FilesWanted,
  type SearchResults,
  type FileResults,
  MOST_RESULTS,
  NOTHING,
  parseSearch,
  renderResults,
  type SearchQuery,
  searchTitle,
} from '../../page-parts/results.js'
import { entryColumns } from '../../page-parts/rows.js'
import { type Cells, renderTable } from '../../page-parts/table.js'
import { WORDS } from '../../page-parts/words.js'
import { html } from '../../base/text/html.js'
import { naturalKey } from '../../base/text/natural-order.js'
import type { Planner } from '../../server/admission/planner.js'
import type { Budget, MemoryPool } from '../../server/admission/memory.js'
import type { OwnTracker, ServiceOptions } from '../options.js'
import { linksOf, type ListingRow } from './listing.js'
import { FILES_STYLE, listingCells } from './listing-page.js'
import { publicAddress, requestPath, viewsBelow } from '../tree/address.js'
import { Requester, type Requesters } from '../../server/admission/requester.js'
import { mirrorPage, SEARCH } from './site-header.js'
import type { FileSwarms } from '../torrents/file-swarms.js'
import { formatMirrorPath, LOOKS_AT_ONCE, MirrorView, parseMirrorPlace } from '../tree/mirror.js'
import type { FoundName, NameIndex } from '../kept/name-index.js'
import type { NameSearch } from '../kept/name-search.js'

/** Rows that are rendered in one turn: some milliseconds. */
const ROWS_A_SLICE = 20

/** Estimated work of a search; see PlannedWork. */
const EFFORT = 1000

/** A file or directory that was found, as it is now. */
interface Result extends FoundName {
  readonly row: ListingRow
}

/** Searches the whole mirror. */
export class FileSearch {
  constructor(
    private readonly options: Pick<ServiceOptions, 'mirror'>,
    private readonly sources: {
      readonly search: NameSearch
      readonly planner: Planner
      readonly memory: MemoryPool
      readonly swarms: Pick<FileSwarms, 'largest'>
    },
  ) {}

  /**
   * The files and directories whose paths have all words.
   * @throws Refusal
   */
  async find(wanted: FilesWanted): Promise<FileResults> {
    const { words, client, signal } = wanted
    const { search, planner, memory: pool } = this.sources
    if (words.length === 0) return { ...NOTHING, places: new Set() }
    const index = await search.get()
    const memory = pool.open(client)
    try {
      return await planner.run({ client, signal, memory, size: EFFORT }, (budget) => {
        return this.#find(index, wanted, budget)
      })
    } finally {
      memory.close()
    }
  }

  async #find(
    index: NameIndex,
    { words, root }: FilesWanted,
    budget: Budget,
  ): Promise<FileResults> {
    const names: FoundName[] = []
    const { isReading } = index
    if (!index.isTooLarge) {
      for await (const found of index.search(words, budget.pause)) {
        names.push(found)
        if (names.length > MOST_RESULTS) break
      }
    }
    const view = new MirrorView(this.options.mirror)
    const looked = await mapLimited(names.slice(0, MOST_RESULTS), LOOKS_AT_ONCE, (name) => {
      return resultAt(name, view)
    })
    const found = sortByPath(looked.filter((each) => each !== null))
    const rows: Cells[] = []
    for (const result of found) {
      rows.push(this.#cellsOf(result, root, words))
      if (rows.length % ROWS_A_SLICE === 0) await budget.nextSlice()
    }
    const numbers = { count: found.length, isCut: names.length > MOST_RESULTS }
    const note = index.isTooLarge ? TOO_LARGE : isReading ? READING : numbers.isCut && CUT
    const table = {
      label: WORDS.files,
      columns: entryColumns(WORDS.changed),
      rows,
      style: 'listing',
    }
    return {
      ...numbers,
      note: note || null,
      table: rows.length > 0 ? renderTable(table) : null,
      entries: found.map(jsonOf),
      places: new Set(found.map(({ path }) => fileAddress('.', path))),
    }
  }

  #cellsOf({ path, row }: Result, root: string, found: readonly string[]): Cells {
    const { swarms } = this.sources
    const above = path.slice(0, -1)
    const directory = root + above.map((name) => `${encodeName(name)}/`).join('')
    const links = linksOf(row, viewsBelow(root, above))
    return listingCells(row, {
      found,
      links: { ...links, address: directory + links.address.slice('./'.length) },
      after: html`<small
        >in <a href="${above.length > 0 ? directory : `${root}./`}">/${above.join('/')}</a></small
      >`,
      counts: row.isDirectory ? undefined : swarms.largest(path, row)?.counts,
    })
  }
}

const TOO_LARGE = html`<p>This mirror has too many names for one search; search in its folders.</p>`
const READING = html`<p>
  The names of this mirror are still being read. Search again for all of them.
</p>`
const CUT = html`<p>Only the first are listed; add a word to find fewer.</p>`

/** Sorts a few results as people expect: folders first, and the files of a folder together. */
function sortByPath(found: readonly Result[]): Result[] {
  const keyed = found.map((result) => {
    const kind = result.isDirectory ? '0' : '1'
    return { result, key: kind + naturalKey(result.path.join('/')) }
  })
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ result }) => result)
}

/** An entry as it is now; null if it is gone. */
async function resultAt({ path }: FoundName, view: MirrorView): Promise<Result | null> {
  const name = path.at(-1) ?? ''
  const look = await view.look(path).catch(() => null)
  if (!look) return null
  const isNow = isOfKind(look, constants.S_IFDIR)
  const { size, mtimeNs } = look.fingerprint
  const modified = Number(mtimeNs / 1_000_000n)
  const row = { name, isDirectory: isNow, size: isNow ? 0 : size, modified }
  return { path, isDirectory: isNow, row }
}

function jsonOf({ path, row }: Result) {
  const { isDirectory, size, modified } = row
  return {
    path: `/${path.join('/')}`,
    type: isDirectory ? 'directory' : 'file',
    size: isDirectory ? null : size,
    mtime: new Date(modified).toISOString(),
  }
}

/** The way from the page of a search to the root. */
const ROOT = '../'

/** Adds the search of the whole mirror, and of the tracker in this process. */
export function addSearchRoute(
  app: FastifyInstance,
  options: ServiceOptions,
  findFiles: (wanted: FilesWanted) => Promise<FileResults>,
  requesters: Requesters,
): void {
  addAnswers(app, SEARCH, async (request, reply) => {
    const { url = '', headers } = request.raw
    const [, asked] = splitTarget(url)
    const query = parseSearch(asked)
    const fields = new URLSearchParams(asked)
    const { client, signal } = new Requester(reply, requesters)
    const { words } = query
    const files = await findFiles({ words, root: ROOT, client, signal })
    const torrents = await torrentsFor(request, options, { words, signal, except: files.places })
    if (!fields.has('json') && !prefersJson(headers.accept)) {
      const from = fields.get('in')
      const folder = from === null ? null : parseMirrorPlace(requestPath(from))
      return negotiated(searchPage(query, files, torrents, folder, options))
    }
    const { isCut, entries, note } = files
    const [isTooLarge, isReading] = [note === TOO_LARGE, note === READING]
    const others = torrents && { torrents: torrents.entries }
    const found = { query: query.text, isCut, isTooLarge, isReading, entries, ...others }
    return negotiated(jsonAnswer(found))
  })
}

/** The torrents of the tracker in this process that are found; null without a tracker. */
async function torrentsFor(
  { raw }: FastifyRequest,
  options: Pick<ServiceOptions, 'ownTracker' | 'publicUrl'>,
  wanted: Omit<Parameters<OwnTracker['search']>[0], 'root'>,
): Promise<SearchResults | null> {
  const { ownTracker: tracker } = options
  if (!tracker) return null
  const announce = tracker.announceAt?.(publicAddress(raw, options))
  const root = announce === undefined ? tracker.page : new URL('./', announce).href
  return root === null ? null : tracker.search({ ...wanted, root })
}

/** `folder` is the directory whose page the search was typed on; null if it was another page. */
function searchPage(
  query: SearchQuery,
  files: SearchResults,
  torrents: SearchResults | null,
  folder: readonly string[] | null,
  options: ServiceOptions,
): Answer {
  const filter = new URLSearchParams({ filter: query.text }).toString()
  const way = folder && folder.length > 0 && `${directoryAddress(`${ROOT}.`, folder)}?${filter}`
  const label = folder && `Only names in ${formatMirrorPath([...folder, ''])}`
  return mirrorPage(
    options,
    {
      title: searchTitle(query),
      root: ROOT,
      current: { searched: query.text },
      style: FILES_STYLE,
      head: html`<link
        rel="alternate"
        type="application/json"
        href="search?json&q=${encodePercent(query.text)}"
      />`,
    },
    renderResults(
      query,
      files,
      torrents,
      way && query.text !== '' && html`<a class="button" href="${way}">${label}</a>`,
    ),
  )
}
