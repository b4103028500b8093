import { encodeName } from '../../base/percent.js'
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { mapLimited } from '../../base/concurrency.js'
import { sameFingerprint } from '../../disk/file-lists/fingerprint.js'
import type { Planner } from '../../server/admission/planner.js'
import {
  formatListingQuery,
  addressesOf,
  type ListingQuery,
  type ListingRow,
  parseListingQuery,
} from './listing.js'
import type { CurrentListing, CurrentPage, Listings } from './listings.js'
import { FILES_STYLE, LISTING_SCRIPT, type ListingView, renderListing } from './listing-page.js'
import { readReadme } from './readme.js'
import { chosenNames, publicAddress, readQuery, viewsBelow } from '../tree/address.js'
import { Requester, type Requesters } from '../../server/admission/requester.js'
import type { ServiceOptions } from '../options.js'
import { type HeaderOptions, wayUp } from './site-header.js'
import type { FileSwarms } from '../torrents/file-swarms.js'
import type { ResponseCache, SentResponse } from '../kept/response-cache.js'
import { lookBelow } from '../tree/below-root.js'
import { isUnchangedNow } from '../tree/open-looked.js'
import { formatMirrorPath, isNameable, LOOKS_AT_ONCE, MirrorView } from '../tree/mirror.js'
import { prefersJson } from '../../server/headers/accept.js'
import {
  type Answer,
  encoded,
  redirect,
  sendAnswer,
  textAnswer,
  unmetAnswer,
} from '../../server/headers/answer.js'
import { malformed, notFound } from '../../server/headers/refusal.js'
import { CORS } from '../../server/headers/cors.js'
import { splitTarget } from '../../server/headers/target.js'
import { fileAddress } from '../../metainfo/trackers.js'
import type { ServerContext } from '../../server/context.js'
import type { Pause } from '../../page-parts/slices.js'
import { jsonLine } from '../../base/text/escape.js'

/** The route of pages in the metrics. */
export const PAGES = '/*/'

/** Rows per page. */
const PAGE_LENGTHS = { html: 1000, json: 10_000 }

/** Rows of JSON that are formatted together. */
const CHUNK = 200

/** The rows of a directory that a request wants. */
interface WantedRows {
  readonly components: readonly string[]
  readonly query: ListingQuery
  readonly current: CurrentListing
  readonly page: CurrentPage
}

/** The pages of the mirror's directories, for people and for programs. */
export class DirectoryPages {
  /** Changes with the look of pages, so that ETags change, too. */
  readonly #look: string

  constructor(
    private readonly options: HeaderOptions & Pick<ServiceOptions, 'mirror' | 'seed' | 'cors'>,
    private readonly sources: {
      readonly listings: Listings
      readonly planner: Planner
      readonly requesters: Requesters
      readonly responses: ResponseCache
      readonly swarms: Pick<FileSwarms, 'isUsed' | 'stateAt' | 'largest'>
    },
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic'>,
  ) {
    const look = JSON.stringify([LISTING_SCRIPT.source, FILES_STYLE.source, options.look])
    this.#look = createHash('sha1').update(look).digest('base64url')
  }

  /**
   * Sends a page of a directory.
   * @throws Refusal
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    components: readonly string[],
  ): Promise<FastifyReply> {
    const { url = '' } = request.raw
    const way = wayToPlain(url, components)
    if (way !== null) return sendAnswer(reply, elsewhere(way + queryOf(url)))
    const requester = new Requester(reply, this.sources.requesters)
    const { isForList } = readQuery(url)
    if (isForList) return sendAnswer(reply, await this.#list(request, components, requester))
    const query = parseListingQuery(url)
    const form = query.isJson || prefersJson(request.headers.accept) ? 'json' : 'html'
    const current = await this.sources.listings.get(components, requester)
    const { client, signal, memory } = requester
    const planned = { client, signal, memory, size: current.listing.length }
    const { listings, planner, responses } = this.sources
    const page = await planner.run(planned, ({ pause }) => {
      return listings.page(current, query, PAGE_LENGTHS[form], pause)
    })
    const { swarms } = this.sources
    const stateNow = () => swarms.stateAt(form === 'json' ? null : components, this.clocks.now())
    const known = stateNow()
    const look = form === 'json' ? form : `${this.#look}${this.options.warm ? '-feed' : ''}`
    const etag = `W/"${page.digest}-${look}-${known}"`
    const own = { ETag: etag, Vary: 'Accept, Accept-Encoding' }
    const keep = async (answer: SentResponse) => {
      const isSame = page.until === 0 ? null : await this.#follow(current)
      const isCurrent = () => {
        const isShown = this.clocks.monotonic() < page.until
        return isShown && known === stateNow() && isSame?.() === true
      }
      if (isSame) responses.note(request.raw, { ...answer, route: PAGES, isCurrent })
    }
    const unmet = unmetAnswer(request, own)
    if (unmet) {
      // Clients that only ask whether the page changed keep it current, too
      const before = responses.recall(request.raw)
      if (before?.headers['ETag'] === etag) await keep(before)
      return sendAnswer(reply, unmet)
    }
    const wanted = { components, query, current, page }
    const answer = await planner.run(planned, async ({ pause }): Promise<SentResponse> => {
      const before = responses.recall(request.raw)
      if (before?.headers['ETag'] === etag) return before
      const rendered = await this.#render(form, wanted, pause)
      memory.take(rendered.body.length)
      const headers = { ...rendered.headers, ...own, ...(this.options.cors && CORS) }
      const sent = await encoded(request, { ...rendered, headers })
      const body = Buffer.from(sent.body)
      return { parts: [body], length: body.length, headers: sent.headers }
    })
    await keep(answer)
    return reply.headers(answer.headers).send(answer.parts[0])
  }

  /** Answers with the addresses of the chosen files, a line for each, for programs such as wget. */
  async #list(
    { raw }: FastifyRequest,
    components: readonly string[],
    requester: Requester,
  ): Promise<Answer> {
    const names = chosenNames(readQuery(raw.url ?? '')) ?? []
    if (names.length === 0) throw malformed('no file is chosen; name each in a field f')
    const paths = names.map((name) => [...components, name])
    const { client, signal, memory } = requester
    await this.sources.planner.run({ client, signal, memory, size: paths.length }, async () => {
      const view = new MirrorView(this.options.mirror)
      await mapLimited(paths, LOOKS_AT_ONCE, (path) => {
        if (!isNameable(path.at(-1) ?? '')) throw notFound(formatMirrorPath(path))
        return view.look(path)
      })
    })
    const base = publicAddress(raw, this.options)
    const lines = paths.map((path) => `${fileAddress(base, path)}\n`)
    return textAnswer('text/plain; charset=utf-8', lines.join(''))
  }

  /**
   * Returns whether the directory of a listing is still the same; null if that is not known without
   * waiting.
   */
  async #follow({ found }: CurrentListing): Promise<(() => boolean) | null> {
    // The parent of `.` is the directory itself
    const { components } = found
    const place = this.options.mirror
    const look = await lookBelow(place, [...components, '.']).catch(() => null)
    if (!look?.native || !sameFingerprint(look.parent, found.look.fingerprint)) return null
    const path = `${components.join('/') || '.'}/`
    return () => isUnchangedNow({ place, path, look })
  }

  /** Leads from the address of a directory without its last slash to the directory's address. */
  redirect(url: string, components: readonly string[]): Answer {
    return elsewhere(`./${encodeName(components.at(-1) ?? '')}/${queryOf(url)}`)
  }

  async #render(
    form: 'html' | 'json',
    { components, query, current, page }: WantedRows,
    pause: Pause,
  ): Promise<Answer> {
    const { options } = this
    const { readme: row } = page
    const view: ListingView = {
      components,
      views: viewsBelow(wayUp(components), components),
      query,
      listing: current.listing,
      page,
      swarms: this.#swarmsOf(page.rows, components),
      readme: form === 'html' && row ? await readReadme(row, components, options.mirror) : null,
      hasFiles: options.files,
      hasTorrent: components.length > 0 && page.hasContent,
    }
    if (form === 'html') return renderListing(view, options, pause)
    return textAnswer('application/json', await jsonOf(view, pause))
  }

  /** The counts of the files on a page, by name. */
  #swarmsOf(rows: readonly ListingRow[], components: readonly string[]): ListingView['swarms'] {
    const { swarms } = this.sources
    const files = swarms.isUsed ? rows.filter(({ isDirectory }) => !isDirectory) : []
    const found = files.map((row) => {
      return [row.name, swarms.largest([...components, row.name], row)?.counts] as const
    })
    return new Map(found.flatMap(([name, counts]) => (counts ? [[name, counts]] : [])))
  }
}

/** A page of a listing as JSON, a line for each entry. */
async function jsonOf(view: ListingView, pause: Pause): Promise<string> {
  const { components, listing, page, query, swarms } = view
  const { rows, pages, directories, files, size } = page
  const figures = { page: page.page, pages, directories, files, size }
  const isLast = page.page === pages
  const next = isLast ? null : formatListingQuery({ ...query, isJson: true, page: page.page + 1 })
  const { isCut, unnameable, taken } = listing.parts
  const path = ['', ...components, ''].join('/')
  const head = jsonLine({ path, ...figures, isCut, unnameable, next })
  const lines: string[] = []
  for (const [i, row] of rows.entries()) {
    const { name, isDirectory, modified } = row
    const counts = swarms.get(name)
    const entry = {
      name,
      type: isDirectory ? 'directory' : 'file',
      size: isDirectory ? null : row.size,
      mtime: new Date(modified).toISOString(),
      ...addressesOf(row, taken),
      ...(counts && { seeds: counts.seeds, leechers: counts.leechers }),
    }
    lines.push(jsonLine(entry).trimEnd())
    if (i % CHUNK === 0) await pause()
  }
  return `${head.replace(/\}\n$/, ',"entries":[')}\n${lines.join(',\n')}\n]}\n`
}

/**
 * The relative path from an address with needless slashes to the one without; null if there are
 * none.
 */
function wayToPlain(url: string, components: readonly string[]): string | null {
  const [path] = splitTarget(url)
  const depth = path.split('/').length - 2
  if (depth === components.length) return null
  return '../'.repeat(depth) + components.map((name) => `${encodeName(name)}/`).join('')
}

function queryOf(url: string): string {
  const [, query] = splitTarget(url)
  return query === '' ? '' : `?${query}`
}

/** Leads to a relative address, which is right behind any proxy. */
function elsewhere(location: string): Answer {
  return redirect(location, 'the directory has another address')
}
