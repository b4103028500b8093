import pLimit from 'p-limit'
import { shownUrl } from '../../base/text/secrets.js'
import { MANY, optimizeLate } from '../../base/optimize-late.js'
import { BtkitError, usageError } from '../../base/errors.js'
import type { PieceCache } from '../../disk/cache/piece-cache.js'
import { collectBounded } from '../../disk/look/read-bounded.js'
import { loadNameFilter } from '../../disk/scan/entry.js'
import { fileAddress, plainUrl } from '../../metainfo/trackers.js'
import type { Arrival } from '../make/from-streams.js'
import { isReadBefore } from '../make/stated-content.js'
import { believedOf, type StreamedFile } from '../make/streamed-file.js'
import { earlyBytes, readRemote } from './read-remote.js'
import { KeptConnections, SMALL } from './range-connection.js'
import {
  askRemote,
  lastName,
  refusePage,
  RemoteFault,
  request,
  requireStatus,
  type RemoteAccess,
  type RemoteFile,
  untilAnswered,
} from './remote-file.js'
import { MAX_LIST, parseRemoteList, type RemoteEntry } from './remote-list.js'

/** Content on servers, for one torrent. */
export interface RemoteContent {
  /** Empty if its address has none. */
  readonly name: string
  /** The address that clients can download it from; null if that is a secret. */
  readonly webSeed: string | null
  /** Whether a server offers no ranges, which clients ask web seeds for. */
  readonly lacksRanges?: boolean
  /** Whether its files lie in several directories, so that none is their web seed. */
  readonly isScattered?: boolean
  /** Its files have paths below the name; that of a single file is empty. */
  readonly arrival: Arrival
}

/** The files that a list names, and the address of their directory. */
export interface RemoteList {
  readonly entries: readonly RemoteEntry[]
  readonly base: string
}

/** A list as its server has it. */
export interface FetchedList extends RemoteList {
  /** Its bytes, as text. */
  readonly text: string
  /** By which the server knows this state of it; null if it gives none. */
  readonly tag: string | null
}

/**
 * Questions at once: where kept connections do not suffice, eight others for the files come on top.
 */
const AT_ONCE = 12

const limited = pLimit(AT_ONCE)

/**
 * Asks for a file, which is the content of a torrent. A failure is the fault of the content.
 * @throws BtkitError `interrupted`
 */
export async function remoteFile(url: string, access: RemoteAccess): Promise<RemoteContent> {
  const webSeed = isSecret(url) ? null : url
  const arrival = { place: shownUrl(url), isDirectory: false }
  try {
    const { found, file } = await limited(() => ask(url, { path: '' }, access))
    const { name, hasRanges } = found
    return { name, webSeed, lacksRanges: !hasRanges, arrival: { ...arrival, files: [file] } }
  } catch (error) {
    if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
    return { name: lastName(url), webSeed, arrival: { ...arrival, files: [], fault: error } }
  }
}

/**
 * Asks for the files of a list below a directory, which are the content of one torrent. Files that
 * globs leave out are not asked for. Bytes of small files that the cache does not know come with
 * the answers; without one, nothing is read.
 * @throws BtkitError as askRemote, and `usage` for a bad glob
 */
export async function remoteDirectory(
  { entries: listed, base }: RemoteList,
  globs: Parameters<typeof loadNameFilter>[0],
  access: RemoteAccess,
  cache: PieceCache | null = null,
): Promise<RemoteContent> {
  const filter = await loadNameFilter(globs)
  const reasonOf = (path: string) => filter?.reasonOf(path) ?? null
  const entries = listed.filter(({ path }) => reasonOf(path) === null)
  const skipped = listed.flatMap(({ path }) => {
    const reason = reasonOf(path)
    return reason ? { path, reason } : []
  })
  const ending = new AbortController()
  const signal = AbortSignal.any([access.signal, ending.signal])
  const asking = { ...access, signal, kept: new KeptConnections(signal) }
  const questions = new FileQuestions(asking, cache)
  const asked = entries.map((entry) => questions.ask(addressIn(base, entry), entry))
  const answers = await Promise.all(asked).catch((error: unknown) => {
    ending.abort()
    throw error
  })
  const files = answers.map(({ file }) => file)
  return {
    name: lastName(base),
    webSeed: isSecret(base) ? null : new URL('..', base).href,
    isScattered: entries.some((entry) => entry.url && entry.url !== addressIn(base, entry, true)),
    lacksRanges: answers.some(({ found }) => !found.hasRanges),
    arrival: { place: shownUrl(base), isDirectory: true, files, skipped },
  }
}

/** The address of a file of a list: its own, unless the list gives none. */
export function addressIn(base: string, { path, url }: RemoteEntry, isPlaced = false): string {
  if (url !== undefined && !isPlaced) return url
  return fileAddress(base.replace(/\/$/, ''), path.split('/'))
}

/** Whether a URL has parts that may be secrets. */
export function isSecret(url: string): boolean {
  const { username, password, search } = new URL(url)
  return username + password + search !== ''
}

/**
 * The address of a directory of files, as an option names it.
 * @throws BtkitError `usage` for a URL that cannot be in a torrent
 */
export function baseAddress(url: string, option: string): string {
  const plain = plainUrl(url)
  const why = 'not an http or https URL without ?, #, user and password'
  if (plain === null) throw usageError(`${option} ${shownUrl(url)}: ${why}`)
  return `${plain}/`
}

/**
 * Fetches a list, whose files lie in its directory, at `base`, or where the list says.
 * @throws BtkitError `io` with the URL, `too-large`, `interrupted`, and as parseRemoteList
 */
export async function fetchList(
  url: string,
  access: RemoteAccess,
  base?: string,
): Promise<FetchedList> {
  const list = await fetchIfChanged(url, access, { base })
  if (list) return list
  throw new RemoteFault(url, 'status', 'HTTP status 304')
}

/**
 * Does the same, but returns null if the server still has the state of the list with this tag.
 * @throws BtkitError as fetchList
 */
export async function fetchIfChanged(
  url: string,
  access: RemoteAccess,
  { base, tag = null }: { readonly base?: string | undefined; readonly tag?: string | null },
): Promise<FetchedList | null> {
  const field = tag && (/^(W\/)?"/.test(tag) ? 'if-none-match' : 'if-modified-since')
  const asked = field ? { headers: { [field]: tag } } : {}
  return untilAnswered(url, access, async () => {
    const response = await request(url, access, asked)
    const { status, headers } = response
    requireStatus(url, response, field ? [200, 304] : [200])
    if (status === 304) {
      response.end()
      return null
    }
    refusePage(url, response)
    const bytes = await collectBounded(response.body, shownUrl(url), MAX_LIST)
    const list = readList(bytes, url, base)
    if (list.entries.some((entry) => entry.url) && /\brel="?next\b/.test(headers.get('link') ?? ''))
      throw new BtkitError('too-many', `${shownUrl(url)}: ${MORE_PAGES}`)
    return { ...list, tag: headers.get('etag') ?? headers.get('last-modified') }
  })
}

const MORE_PAGES = 'goes on at another page; add ?per_page=100, or give the address of one release'

/**
 * Reads the bytes of the list at a URL.
 * @throws BtkitError as parseRemoteList
 */
export function readList(bytes: Uint8Array, url: string, base?: string): Omit<FetchedList, 'tag'> {
  const entries = parseRemoteList(bytes, shownUrl(url))
  const own = base ?? directoryOf(entries) ?? new URL('.', url).href
  return { entries, base: own, text: Buffer.from(bytes).toString() }
}

/** The directory in which files have their own addresses; null if it is not one. */
function directoryOf(entries: readonly RemoteEntry[]): string | null {
  const [{ url, path } = { path: '' }] = entries
  const end = fileAddress('', path.split('/'))
  return url?.endsWith(end) ? url.slice(0, 1 - end.length) : null
}

/** The state of a file, and the file as content. */
interface FoundFile {
  readonly found: RemoteFile
  readonly file: StreamedFile
}

async function ask(
  url: string,
  entry: RemoteEntry,
  access: RemoteAccess,
  isNew = false,
): Promise<FoundFile> {
  const found = await askRemote(url, access, isNew)
  return { found, file: fileOf(found, entry, access) }
}

/** Asks for the files of a list, not too many at once. */
export class FileQuestions {
  #first: Promise<unknown> = Promise.resolve()
  #begun = 0
  #asked = 0
  /** Whether the last file is small, and the cache does not know it; probably so are the others. */
  #isNew = false

  /** Without a cache, no bytes come with the answers. */
  constructor(
    private readonly access: RemoteAccess,
    private readonly cache: PieceCache | null,
  ) {}

  /**
   * The first two are asked for one after the other: the second one shows whether bytes come with
   * answers.
   * @throws as askRemote
   */
  ask(url: string, entry: RemoteEntry): Promise<FoundFile> {
    const asking = this.#first.then(() => this.#ask(url, entry))
    if (this.#begun++ < 2) this.#first = asking.catch(() => undefined)
    return asking
  }

  #ask(url: string, entry: RemoteEntry): Promise<FoundFile> {
    return limited(async () => {
      if (++this.#asked === MANY) optimizeLate()
      const answer = await ask(url, entry, this.access, this.#isNew)
      const { length = Infinity } = answer.file
      if (this.cache) this.#isNew = length <= SMALL && !isReadBefore(answer.file, this.cache)
      return answer
    })
  }
}

/** A file of a list as content, in the state in which its server had it when it was asked. */
export function fileOf(found: RemoteFile, entry: RemoteEntry, access: RemoteAccess): StreamedFile {
  const { url, size, validator, date, hasRanges, source = url } = found
  const isStated = size !== null && (validator !== null || believedOf(entry) !== undefined)
  // A mirror that a URL redirects to may imitate the tags of another one
  const { origin } = new URL(source)
  const states = {
    state: isStated ? `${url} ${origin} ${size} ${validator ?? ''}` : undefined,
    looseState: date ? `${url} ${size} ${date}` : undefined,
  }
  const range = (start: number, end: number) => readRemote(found, access, [start, end])
  const parts = hasRanges && validator !== null ? { range } : {}
  const bytes = earlyBytes(found, access)
  const { path, checksum } = entry
  return { path, checksum, ...bytes, ...parts, length: size ?? undefined, ...states }
}

/**
 * The address of content as the web seed of a torrent with this name.
 * @throws BtkitError `usage` if it must not be in a torrent, or clients would not find it there
 */
export function publicSeed(
  { webSeed, arrival, name: own, isScattered }: RemoteContent,
  name: string,
  option = '--name',
): string {
  const why = 'a query or a password may be a secret, and would be in the torrent'
  const advice = 'name the public address with --web-seed'
  if (webSeed === null) throw usageError(`${arrival.place}: ${why}; ${advice}`)
  if (isScattered) throw usageError(`${arrival.place}: ${SCATTERED}; name one with --web-seed`)
  if (!arrival.isDirectory || name === own) return webSeed
  const other = `clients would look for the directory ${name} on the server`
  throw usageError(`${option}: ${other}; name its address with --web-seed`).in('name')
}

const SCATTERED = 'its files lie in several directories, so none is the web seed of all'

/** The content under a name, which that of a single file is the path of, too. */
export function namedArrival({ arrival }: RemoteContent, name: string): Arrival {
  const { isDirectory, files } = arrival
  return isDirectory
    ? arrival
    : { ...arrival, files: files.map((file) => ({ ...file, path: name })) }
}

const OWN_HEADERS =
  /^(range|if-range|accept-encoding|content-length|transfer-encoding|expect|upgrade|connection|host)$/i

/** The headers of a file, one `Name: value` a line. */
export function parseHeaders(text: string, place: string): Record<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  return Object.fromEntries(
    lines.map((line, at) => {
      const [, name = '', value = ''] =
        /^([!#$%&'*+.^`|~\w-]+):[ \t]*([\t\x20-\x7e]*)$/.exec(line) ?? []
      if (name === '') throw usageError(`${place}: line ${at + 1} is no header 'Name: value'`)
      if (OWN_HEADERS.test(name))
        throw usageError(`${place}: line ${at + 1}: btkit sets the header ${name} itself`)
      return [name.toLowerCase(), value.trim()]
    }),
  )
}
