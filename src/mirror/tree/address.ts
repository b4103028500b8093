import type { IncomingMessage } from 'node:http'
import { encodeName, encodePercent } from '../../base/percent.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import type { ServiceOptions } from '../options.js'
import { RESERVED } from './mirror.js'
import { malformed, notFound } from '../../server/headers/refusal.js'
import { splitTarget } from '../../server/headers/target.js'
import { isSecure } from '../../server/listen/listen.js'
import { decodeName } from '../../base/text/raw-path.js'

/**
 * The components of a request's path from number `skip` on, as a path of the mirror. Each component
 * is percent-decoded once and must not contain a slash then. Dots are removed (RFC 3986, 5.2.4).
 * @throws Refusal, also if `..` leads above the first of these components
 */
export function requestPath(url: string, skip = 0): string {
  const [path] = splitTarget(url)
  // `*`, and addresses of other schemes
  if (!path.startsWith('/')) throw malformed('the address has no path; begin it with a slash')
  const components = path
    .split('/')
    .slice(1 + skip)
    .map(decodeComponent)
  const hasDots = components.some(isDots)
  return `/${(hasDots ? withoutDots(components) : components).join('/')}`
}

function isDots(component: string): boolean {
  return component === '.' || component === '..'
}

/** The components that are left after `.` and `..`; behind one at the end follows a slash. */
function withoutDots(components: readonly string[]): string[] {
  const left: string[] = []
  for (const component of components) {
    if (component === '..' && left.pop() === undefined)
      throw malformed('the path leads above the root; leave out .. components')
    if (!isDots(component)) left.push(component)
  }
  return isDots(components.at(-1) ?? '') ? [...left, ''] : left
}

function decodeComponent(component: string): string {
  const decoded = percentDecode(component)
  if (decoded.includes('/'))
    throw malformed('a name in the address contains an encoded slash; use a plain slash')
  return decoded
}

/**
 * Decodes a percent-encoded name, also of old systems, as decodeName does.
 * @throws Refusal
 */
export function percentDecode(text: string): string {
  const decoded = decodeName(text)
  if (decoded === null) throw malformed('the path must be percent-encoded, such as /caf%C3%A9')
  return decoded
}

/** The views of a file or directory: words that follow its name or `?` in an address. */
const VIEWS = ['torrent', 'magnet', 'btih', 'sha256', 'meta4'] as const

export type ViewName = (typeof VIEWS)[number]

/** The words of a query that mean something; others are ignored. */
export interface AskedQuery {
  /** The first view that it names, such as by `?torrent`. */
  readonly view: ViewName | null
  /** The first version that it names, by `?v2` or `?hybrid`; else version 1. */
  readonly version: MetainfoVersion
  /** Whether it asks for the addresses of the chosen files, by `?list`. */
  readonly isForList: boolean
  /** The words that choose entries of a directory, as they are. */
  readonly choices: readonly string[]
}

/** Reads the query of an address. */
export function readQuery(url: string): AskedQuery {
  const words = splitTarget(url)[1].split('&')
  // Buttons of forms send an empty value
  const names = words.map((word) => (word.endsWith('=') ? word.slice(0, -1) : word))
  return {
    view: names.flatMap((name) => VIEWS.find((view) => view === name) ?? [])[0] ?? null,
    version: names.find((name) => name === 'v2' || name === 'hybrid') ?? 'v1',
    isForList: names.includes('list'),
    choices: words.filter((word) => word.startsWith('f=')),
  }
}

/** The most entries that are chosen in an address. */
const MOST_CHOSEN = 1000

/**
 * The names of a directory's entries that a query chooses for its torrent, by fields `f`; null if
 * it has none, for all entries.
 * @throws Refusal
 */
export function chosenNames({ choices }: Pick<AskedQuery, 'choices'>): readonly string[] | null {
  if (choices.length === 0) return null
  if (choices.length > MOST_CHOSEN) throw malformed(`at most ${MOST_CHOSEN} files can be chosen`)
  const names = choices.map((field) => decodeComponent(field.slice(2).replaceAll('+', ' ')))
  return [...new Set(names)].sort()
}

/** The part of a query that chooses entries; empty for all. */
export function chosenQuery(chosen: readonly string[] | null): string {
  return (chosen ?? []).map((name) => `&f=${encodePercent(name)}`).join('')
}

/** The directory of the addresses that pages link to, because no file of the mirror is in it. */
const VIEW_DIRECTORY = `${RESERVED}/view/`

/** The route of the addresses that pages link to. */
export const VIEW_ROUTE = `/${VIEW_DIRECTORY}*`

/**
 * The beginning of the addresses that pages link to for the views of what is in a directory. `root`
 * is the way to the root of the mirror. Programs that follow links leave these addresses: they are
 * not below the directory, /robots.txt forbids them, and none ends with the name of a file.
 */
export function viewsBelow(root: string, directory: readonly string[]): string {
  return root + VIEW_DIRECTORY + directory.map((name) => `${encodeName(name)}/`).join('')
}

/** The same for the views of a file or directory itself. */
export function viewsOf(root: string, components: readonly string[]): string {
  return viewsBelow(root, components.slice(0, -1)) + encodeName(components.at(-1) ?? '')
}

/**
 * The view that the address of a link names, and the path that it is of.
 * @throws Refusal
 */
export function linkedView(url: string): { view: ViewName | 'details'; path: string } {
  const path = requestPath(url, VIEW_DIRECTORY.split('/').length - 1)
  const at = path.lastIndexOf('.')
  const end = path.slice(at + 1)
  const view = ([...VIEWS, 'details'] as const).find((each) => each === end)
  if (view === undefined) throw notFound('this address')
  return { view, path: path.slice(0, at) }
}

/**
 * Splits a name such as `a.iso.torrent` into the file's name and its view; null if it ends with
 * none.
 */
export function namedView(name: string): { view: ViewName; of: string } | null {
  const at = name.lastIndexOf('.')
  if (at < 1) return null
  const end = name.slice(at + 1)
  const view = VIEWS.find((each) => each === end)
  return view ? { view, of: name.slice(0, at) } : null
}

/**
 * URL of the view of a resource: by its name, or by a query if a file of the mirror has that name
 * (`isTaken`).
 */
export function viewAddress(address: string, view: ViewName, isTaken: boolean): string {
  return `${address}${isTaken ? '?' : '.'}${view}`
}

/** URL of a view by a query, which always works, whatever files the mirror has. */
export function viewByQuery(address: string, view: ViewName): string {
  return viewAddress(address, view, true)
}

/**
 * Most bytes of a torrent of version 2. If nobody waits any more, the progress within a file's tree
 * is lost, so the hashing of a larger file might never end.
 */
export const MOST_V2_BYTES = 2 ** 36

/** The last word in the query of a progress page's address. */
const PROGRESS = 'progress'

/** Whether an address is that of a progress page. */
export function isProgressAddress(url: string): boolean {
  return url.endsWith(`?${PROGRESS}`) || url.endsWith(`&${PROGRESS}`)
}

/**
 * Links of the page at an address. They are relative, so that they are right behind proxies, too.
 */
export interface PageLinks {
  /** The resource that the address names, in a word. */
  readonly what: string
  /** The progress page. */
  readonly progress: string
  /** The resource itself. */
  readonly itself: string
  /** The root of the mirror, with a slash at its end. */
  readonly root: string
  /** The directory that contains it, or whose view it is; `root` if that is the root. */
  readonly directory: string
}

/** The links of the page at an address, which may be that of a progress page. */
export function pageLinks(url: string): PageLinks {
  const address = isProgressAddress(url) ? url.slice(0, -PROGRESS.length - 1) : url
  const [path, query] = splitTarget(address)
  const depth = path.split('/').length - 2
  const view = readQuery(address).view ?? namedView(path)?.view
  return {
    what: (view && WORDS[view]) ?? 'torrent',
    progress: query === '' ? `?${PROGRESS}` : `?${query}&${PROGRESS}`,
    itself: `?${query}`,
    root: way(depth),
    directory: directoryOf(path, view !== undefined, depth),
  }
}

/** The relative path up by `depth` directories. */
function way(depth: number): string {
  return depth > 0 ? '../'.repeat(depth) : './'
}

function directoryOf(path: string, isView: boolean, depth: number): string {
  const viewed = path.startsWith(`/${VIEW_DIRECTORY}`) && path.slice(VIEW_DIRECTORY.length + 1)
  if (viewed !== false) return way(depth) + viewed.slice(0, viewed.lastIndexOf('/') + 1)
  if (path.startsWith(`/${RESERVED}/`)) return way(depth)
  return way(path.endsWith('/') && !isView ? Math.min(1, depth) : 0)
}

/** Views other than a torrent. */
const WORDS: Readonly<Partial<Record<ViewName, string>>> = {
  magnet: 'magnet link',
  sha256: 'checksum',
  meta4: 'metalink',
}

/** A part of a host name, between dots. */
const LABEL = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?'

/** A host in a URL: a name, an IPv4 or a bracketed IPv6 address, with an optional port. */
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[[0-9a-f:.]+\\])(?::[1-9]\\d*)?$`, 'i')

const MAX_HOST = 255

/**
 * Makes sure that a request names one host, as HTTP/1.1 requires. With `isOptional` it may name
 * none.
 * @throws Refusal
 */
export function checkHosts(request: IncomingMessage, isOptional: boolean): void {
  const { rawHeaders, headers, httpVersion } = request
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && isHost(name)).length
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1' && !isOptional))
    throw malformed('no Host header, or more than one; send one')
  if (!FIELD.test(headers.host ?? ''))
    throw malformed('the Host header is invalid; send a host name or address')
}

/**
 * The value of a Host field: a name or an address, with an optional port (RFC 3986, section 3.2).
 */
const FIELD = /^(?:\[[0-9a-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})*)(?::\d*)?$/i

/** Header fields of bodies and expectations. */
const OF_BODY = /^(?:expect|transfer-encoding|content-length)$/i

/**
 * Whether an HTTP/1.1 request is for reading, names one host, and has no field that needs more than
 * an answer, by their names; the default is those of bodies and expectations. HTTP/1.1 keeps
 * connections alive anyway.
 */
export function isPlainRequest(
  { method, rawHeaders, httpVersion }: IncomingMessage,
  special = OF_BODY,
): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    if (isHost(name)) {
      if (!FIELD.test(value)) return false
      hosts++
    } else if (special.test(name) && !KEPT_ALIVE.test(`${name}:${value}`)) {
      return false
    }
  }
  return hosts === 1 && httpVersion === '1.1'
}

const KEPT_ALIVE = /^connection:keep-alive$/i

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host'
}

/**
 * The URL by which clients reach the mirror's root, without a slash at its end: the public URL if
 * one is set, otherwise the host of the request.
 * @throws Refusal if the request's host cannot be in a URL
 */
export function publicAddress(
  request: IncomingMessage,
  { publicUrl }: Pick<ServiceOptions, 'publicUrl'>,
): string {
  if (publicUrl !== null) return publicUrl
  const host = hostOf(request)
  if (host !== null) return `${isSecure(request) ? 'https' : 'http'}://${host}`
  throw malformed('the Host header is missing or invalid; send a host name or address')
}

/**
 * Returns a function that is called with each request. It warns once if clients use HTTPS, but the
 * torrents made for them name HTTP.
 */
export function warnOfPlainSeeds(
  { publicUrl, clientAddresses }: Pick<ServiceOptions, 'publicUrl' | 'clientAddresses'>,
  warn: (message: string) => void,
): (request: IncomingMessage) => void {
  let isDone = publicUrl !== null || !clientAddresses.trustsAny
  return (request) => {
    if (isDone || isSecure(request) || clientAddresses.forwardedScheme(request) !== 'https') return
    const host = hostOf(request)
    if (host === null) return
    isDone = true
    const need = `give --public-url https://${host}`
    warn(`the proxy speaks HTTPS, but torrents name http://${host} as web seed; ${need}`)
  }
}

/** The host of a request; one in its address outweighs the header. Null if no URL can have it. */
function hostOf({ url = '', headers }: IncomingMessage): string | null {
  const named = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host ?? ''
  // The port may be empty
  const host = named.replace(/:$/, '')
  // Parsing checks what the pattern cannot, such as the highest port
  const isOfUrl = host.length <= MAX_HOST && HOST.test(host) && URL.canParse(`http://${host}`)
  return isOfUrl ? host : null
}
