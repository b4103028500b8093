import pLimit from 'p-limit'
import { shownUrl } from '../../base/text/secrets.js'
import { BtkitError, usageError } from '../../base/errors.js'
import { collectBounded } from '../../disk/look/read-bounded.js'
import { loadNameFilter } from '../../disk/scan/entry.js'
import { fileAddress, plainUrl } from '../../metainfo/trackers.js'
import type { Arrival } from '../make/from-streams.js'
import { believedOf, type StreamedFile } from '../make/streamed-file.js'
import { earlyBytes, readRemote } from './read-remote.js'
import { KeptConnections } from './range-connection.js'
import {
  askRemote,
  lastName,
  refusePage,
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
  /** Its files have paths below the name; that of a single file is empty. */
  readonly arrival: Arrival
}

/** The files that a list names, and the address of their directory. */
export interface RemoteList {
  readonly entries: readonly RemoteEntry[]
  readonly base: string
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
 * globs leave out are not asked for.
 * @throws BtkitError as askRemote, and `usage` for a bad glob
 */
export async function remoteDirectory(
  { entries: listed, base }: RemoteList,
  globs: Parameters<typeof loadNameFilter>[0],
  access: RemoteAccess,
): Promise<RemoteContent> {
  const filter = await loadNameFilter(globs)
  const reasonOf = (path: string) => filter?.reasonOf(path) ?? null
  const entries = listed.filter(({ path }) => reasonOf(path) === null)
  const skipped = listed.flatMap(({ path }) => {
    const reason = reasonOf(path)
    return reason ? { path, reason } : []
  })
  const at = base.replace(/\/$/, '')
  const ending = new AbortController()
  const signal = AbortSignal.any([access.signal, ending.signal])
  const asking = { ...access, signal, kept: new KeptConnections(signal) }
  const asked = limited.map(entries, (entry) => {
    return ask(fileAddress(at, entry.path.split('/')), entry, asking)
  })
  const answers = await asked.catch((error: unknown) => {
    ending.abort()
    throw error
  })
  const files = answers.map(({ file }) => file)
  return {
    name: lastName(base),
    webSeed: isSecret(base) ? null : new URL('..', base).href,
    lacksRanges: answers.some(({ found }) => !found.hasRanges),
    arrival: { place: shownUrl(base), isDirectory: true, files, skipped },
  }
}

/** Whether a URL has parts that may be secrets. */
function isSecret(url: string): boolean {
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
 * Fetches a list, whose files lie in its directory, or at `base`.
 * @throws BtkitError `io` with the URL, `too-large`, `interrupted`, and as parseRemoteList
 */
export async function fetchList(
  url: string,
  access: RemoteAccess,
  base = new URL('.', url).href,
): Promise<RemoteList> {
  const bytes = await untilAnswered(url, access, async () => {
    const response = await request(url, access, {})
    requireStatus(url, response, [200])
    refusePage(url, response)
    return collectBounded(response.body, shownUrl(url), MAX_LIST)
  })
  return { entries: parseRemoteList(bytes, shownUrl(url)), base }
}

async function ask(
  url: string,
  entry: RemoteEntry,
  access: RemoteAccess,
): Promise<{ readonly found: RemoteFile; readonly file: StreamedFile }> {
  const found = await askRemote(url, access)
  const { size, validator, date, hasRanges, source = url } = found
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
  return { found, file: { ...entry, ...bytes, ...parts, length: size ?? undefined, ...states } }
}

/**
 * The address of content as the web seed of a torrent with this name.
 * @throws BtkitError `usage` if it must not be in a torrent, or clients would not find it there
 */
export function publicSeed({ webSeed, arrival, name: own }: RemoteContent, name: string): string {
  const why = 'a query or a password may be a secret, and would be in the torrent'
  const advice = 'name the public address with --web-seed'
  if (webSeed === null) throw usageError(`${arrival.place}: ${why}; ${advice}`)
  if (!arrival.isDirectory || name === own) return webSeed
  const other = `clients would look for the directory ${name} on the server`
  throw usageError(`--name: ${other}; name its address with --web-seed`).in('name')
}

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
