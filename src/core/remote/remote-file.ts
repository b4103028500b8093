import { basename } from 'node:path/posix'
import { isUtf8 } from 'node:buffer'
import { setTimeout } from 'node:timers/promises'
import { BtkitError, type ErrorCode, refuseAborted } from '../../base/errors.js'
import {
  GUARDED,
  headersFor,
  IDLE_MS,
  requestHttp,
  type HttpRequest,
  type HttpResponse,
  type ReceivedHeaders,
} from './http-request.js'
import type { KeptConnections, SmallAnswer } from './range-connection.js'
import { AnswerFault, RedirectFault } from './redirect-guard.js'
import { decodePercent } from '../../base/percent.js'
import { escapeText, quoteText } from '../../base/text/escape.js'
import { BROKEN_OFF, describeFailure } from '../../base/text/network-failure.js'
import { count } from '../../base/text/quantity.js'
import { shownUrl } from '../../base/text/secrets.js'
import { isPlainName } from '../../metainfo/name.js'

/** How servers are asked for files. */
export interface RemoteAccess {
  readonly signal: AbortSignal
  /** Sent to the host of each URL, and to none that it redirects to. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Connections for many small files. */
  readonly kept?: KeptConnections | undefined
  /** Whether a fault ends the reading that the same request may not have later. */
  readonly isOnce?: boolean
  /**
   * Receives each fault for which a request is sent again, and a key of the file and the kind of
   * fault.
   */
  readonly onRetry?: ((key: string, message: string) => void) | undefined
}

/** A file on a server, as it was when it was asked for. */
export interface RemoteFile {
  /** As given, not where it redirects to. */
  readonly url: string
  /** Where it redirected to: mirrors may send equal bytes with other tags. */
  readonly source?: string
  /** The name that the server gives, or the last one of the path; empty if there is none. */
  readonly name: string
  /** In bytes; null if the server does not say. */
  readonly size: number | null
  /**
   * Value for `If-Range`: equal as long as each byte is (RFC 9110, 8.8.1). Null if there is none.
   */
  readonly validator: string | null
  /** The date among such values: nodes of one server may have other tags for equal bytes. */
  readonly date?: string | null
  /** Whether the server sends parts of it. */
  readonly hasRanges: boolean
}

/**
 * Asks a server for the state of a file. GET decides if HEAD fails. Of content, it reads that of a
 * small file if `isNew`, which is held by the kept connections.
 * @throws BtkitError `io` with the URL, `interrupted`
 */
export function askRemote(url: string, access: RemoteAccess, isNew = false): Promise<RemoteFile> {
  return untilAnswered(url, access, async () => {
    const small = isNew ? await askSmall(url, access) : null
    if (small === null) return stateIn(url, await askState(url, access))
    const file = stateIn(url, { ...small, url: new URL(url).href, end: IGNORE })
    if (file.size === small.bytes.length) access.kept?.hold(file, small.bytes)
    return file
  })
}

/** Asks for the head of a file, or else for its first byte. */
async function askState(url: string, access: RemoteAccess): Promise<Answer> {
  const response = (await askKept(url, access)) ?? (await askHead(url, access))
  response?.end()
  if (response && askedWait(response)) requireStatus(url, response, [])
  if (response && response.status < 300) return response
  const first = await request(url, access, { headers: { range: 'bytes=0-0' } })
  first.end()
  return first
}

/** @throws RemoteFault for an answer that is no file */
function stateIn(url: string, response: Answer): RemoteFile {
  requireStatus(url, response, [200, 206])
  const { status, headers } = response
  refusePage(url, response)
  const [, total] = /\/(\d+)$/.exec(askedRange(headers)) ?? []
  const length = status === 206 ? (total ?? null) : headers.get('content-length')
  const size = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null
  return {
    url,
    source: response.url,
    name: givenName(url, headers),
    size,
    validator: tagOf(headers) ?? dateOf(headers),
    date: dateOf(headers),
    hasRanges: status === 206 || /\bbytes\b/i.test(headers.get('accept-ranges') ?? ''),
  }
}

/** Asks for the head; null if its answer breaks off, which may be so for HEAD only. */
async function askHead(url: string, access: RemoteAccess): Promise<Answer | null> {
  try {
    return await request(url, access, { isHead: true })
  } catch (error) {
    if (error instanceof RemoteFault && error.detail === BROKEN_OFF) return null
    throw error
  }
}

/** The headers of an answer, and how its body is ended. */
interface Answer extends Pick<HttpResponse, 'status' | 'url' | 'end'> {
  readonly headers: Pick<ReceivedHeaders, 'get'>
}

const NOTHING = new Uint8Array(0)

const IGNORE = () => undefined

/** Asks for the head over a kept connection; null if it does not come so, or redirects. */
async function askKept(url: string, access: RemoteAccess): Promise<Answer | null> {
  if (!access.kept) return null
  const asked = askedFor(url, access)
  const part = { room: NOTHING, filled: 0 }
  const head = await access.kept.receive({ ...asked, isHead: true, part })
  return head && !isRedirect(head) ? { ...head, url: asked.address.href, end: IGNORE } : null
}

/**
 * Asks for the bytes of a small file over a kept connection. Null if neither they nor the state of
 * a larger file comes so, as of an empty file, in which is no range.
 */
async function askSmall(url: string, access: RemoteAccess): Promise<SmallAnswer | null> {
  const answer = (await access.kept?.receiveSmall(askedFor(url, access))) ?? null
  if (!answer || answer.status === 200) return answer
  const { length } = answer.bytes
  const isStart = askedRange(answer.headers).startsWith(`0-${length - 1}/`)
  return answer.status === 206 && isStart ? answer : null
}

function askedFor(url: string, access: RemoteAccess) {
  const address = new URL(url)
  return {
    address,
    headers: headersFor(address, address, rulesOf({ url }, access, {})),
    check: IGNORE,
  }
}

function isRedirect({ status }: Pick<Answer, 'status'>): boolean {
  return status >= 300 && status < 400
}

/** @throws RemoteFault for an answer that is a page for people, if the URL is not that of one */
export function refusePage(url: string, { headers, end }: Pick<Answer, 'headers' | 'end'>): void {
  if (!/^text\/html\b/i.test(headers.get('content-type') ?? '')) return
  const isNamedSo = /\.(?:\w?html?|php)$/i.test(new URL(url).pathname)
  const isAttached = /^attachment\b/i.test(headers.get('content-disposition') ?? '')
  const detail = 'sends a web page (text/html), as of a directory or a log-in, and not a file'
  if (isNamedSo || isAttached) return
  end()
  throw new RemoteFault(url, 'page', detail)
}

/**
 * Sends a request for a file, whose bytes must come as they are.
 * @throws BtkitError `io` with the URL, `interrupted`; network errors as a broken connection
 */
export async function request(
  url: string,
  access: RemoteAccess,
  asked: { readonly isHead?: boolean; readonly headers?: Readonly<Record<string, string>> },
  source = url,
): Promise<HttpResponse> {
  const { signal } = access
  try {
    const rules = { ...asked, ...rulesOf({ url, source }, access, asked.headers) }
    const response = await requestHttp(source, rules)
    const encoding = response.headers.get('content-encoding') ?? 'identity'
    if (encoding === 'identity' || encoding === '') return response
    response.end()
    const how = `is sent with Content-Encoding ${quoteText(encoding)}, which some clients undo`
    const detail = `${how}; have the server send it without, or make the torrent of a download`
    throw new RemoteFault(url, 'compressed', detail)
  } catch (error) {
    throw remoteError(error, url, signal)
  }
}

/** How a file is asked for. The headers of the caller are for the origin of its URL. */
export function rulesOf(
  { url, source = url }: Pick<RemoteFile, 'url' | 'source'>,
  { headers: own = {}, signal }: RemoteAccess,
  asked: HttpRequest['headers'],
): HttpRequest {
  const isOwn = source === url || new URL(source).origin === new URL(url).origin
  const headers = { 'accept-encoding': 'identity', ...asked }
  return { ...GUARDED, isContent: true, headers, originHeaders: isOwn ? own : {}, signal }
}

/** Milliseconds before the next try after a fault that may pass. */
const LONGEST_PAUSE = 32_000
const PAUSES = [500, 1000, 2000, 4000, 8000, 16_000, LONGEST_PAUSE]

/**
 * Waits for the next try of a request after a number of failures, and no less than the server asks
 * for. Only what is resumed is tried again after a broken connection, everything while the server
 * says that it is busy.
 * @throws BtkitError the error if there is no further try
 */
export async function pauseAfter(
  error: unknown,
  failures: number,
  { url, access, isResumed }: { url: string; access: RemoteAccess; isResumed: boolean },
): Promise<void> {
  const why = remoteError(error, url, access.signal)
  const pause = PAUSES[failures - 1]
  if (!(why instanceof RemoteFault) || access.isOnce || pause === undefined) throw why
  const { kind, wait } = why
  if (wait === null || !(isResumed || kind === 'status')) throw why
  access.onRetry?.(`${url} ${kind}`, `${why.message}; trying again`)
  const { signal } = access
  await setTimeout(Math.max(pause, wait), undefined, { signal }).catch(() => undefined)
  refuseAborted(access.signal)
}

/** Does what sends one request, until it is answered. */
export async function untilAnswered<T>(
  url: string,
  access: RemoteAccess,
  act: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await act()
    } catch (error) {
      await pauseAfter(error, failures, { url, access, isResumed: false })
    }
  }
}

/** The fault of a server, in a word or two. */
export type FaultKind =
  | 'status'
  | 'log-in'
  | 'page'
  | 'no ranges'
  | 'length'
  | 'changed'
  | 'redirects'
  | 'compressed'
  | 'unreachable'

type FaultTraits = ErrorOptions & { readonly code?: ErrorCode; readonly wait?: number | null }

/** A wrong answer of a server, or none. */
export class RemoteFault extends BtkitError {
  /**
   * Least milliseconds until the same request may not have it: a broken connection, or a server
   * that is busy. Null if it would have it again.
   */
  readonly wait: number | null

  /** `detail` says what is wrong. The code is `io` by default. */
  constructor(
    readonly url: string,
    readonly kind: FaultKind,
    readonly detail: string,
    { code = 'io', wait = null, ...options }: FaultTraits = {},
  ) {
    super(code, `${shownUrl(url)}: ${detail}`, options)
    this.wait = wait
  }
}

/** The error of a request in words, which names the URL. */
function remoteError(error: unknown, url: string, signal: AbortSignal): BtkitError {
  if (error instanceof BtkitError) return error
  if (signal.aborted) return new BtkitError('interrupted', 'interrupted')
  const cause = { cause: error }
  if (error instanceof AnswerFault) {
    const kind = error instanceof RedirectFault ? 'redirects' : 'unreachable'
    return new RemoteFault(url, kind, error.message, cause)
  }
  const detail = describeFailure(error, IDLE_MS)
  return new RemoteFault(url, 'unreachable', detail, { wait: 0, ...cause })
}

export const OTHER_RANGE = 'the server sends another range than it was asked for'

const LOG_IN = 'the server wants a log-in, such as USER:PASSWORD@ in front of its name'
const WRONG_LOG_IN = 'the server does not take this user name and password'

/** @throws RemoteFault `not-found`, `not-permitted` or `io` for another status than the expected */
export function requireStatus(
  url: string,
  response: Pick<Answer, 'status' | 'headers' | 'end'>,
  expected: readonly number[],
): void {
  const { status } = response
  if (expected.includes(status)) return
  response.end()
  const isAbsent = [404, 410].includes(status)
  const code = isAbsent ? 'not-found' : [401, 403, 407].includes(status) ? 'not-permitted' : 'io'
  const wait = askedWait(response)
  const detail = status === 206 ? OTHER_RANGE : `HTTP status ${status}`
  if (status === 401) {
    const isWrong = new URL(url).username !== ''
    const why = isWrong ? WRONG_LOG_IN : LOG_IN
    throw new RemoteFault(url, isWrong ? 'status' : 'log-in', `${detail}: ${why}`, { code })
  }
  if (wait === null || wait <= LONGEST_PAUSE)
    throw new RemoteFault(url, 'status', detail, { code, wait })
  const until = `the server says to try again in ${count(wait / 1000, 'second')} (Retry-After)`
  throw new RemoteFault(url, 'status', `${detail}; ${until}`, { code })
}

/**
 * Milliseconds that a busy server asks to wait (RFC 9110, 10.2.3), 0 without a time; null if it is
 * not busy.
 */
function askedWait({ status, headers }: Pick<Answer, 'status' | 'headers'>): number | null {
  if (status !== 429 && status < 500) return null
  const after = headers.get('retry-after') ?? ''
  if (/^\d{1,15}$/.test(after)) return 1000 * Number(after)
  return Math.max(Date.parse(after) - Date.parse(headers.get('date') ?? ''), 0) || 0
}

/** Seconds by which the last change must be older than the answer, to be a strong validator. */
const SETTLED = 60

/** A tag for `If-Range` (RFC 9110, 13.1.5), and no weak one. */
function tagOf(headers: Answer['headers']): string | null {
  const tag = headers.get('etag') ?? ''
  return /^"[^"]*"$/.test(tag) ? tag : null
}

/** A date for it, and none that another change may share. */
function dateOf(headers: Answer['headers']): string | null {
  const changed = headers.get('last-modified')
  const age = Date.parse(headers.get('date') ?? '') - Date.parse(changed ?? '')
  return changed !== null && age >= SETTLED * 1000 ? changed : null
}

/** The range of an answer as `first-last/size`; empty if it has none. */
export function askedRange(headers: Pick<ReceivedHeaders, 'get'>): string {
  return /^bytes\s+(\S+)$/i.exec(headers.get('content-range') ?? '')?.[1] ?? ''
}

/** A parameter of a header: its name, and the value with quotes or without. */
const PARAMETER = /;\s*([^\s;="]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g

/**
 * The name of a Content-Disposition (RFC 6266, RFC 8187), or else the last one of the URL's path.
 */
function givenName(url: string, headers: Answer['headers']): string {
  const bytes = Buffer.from(headers.get('content-disposition') ?? '', 'latin1')
  const given = bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1')
  const parameters = Array.from(given.matchAll(PARAMETER), ([, name = '', quoted, plain = '']) => {
    return [name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain.trim()] as const
  })
  const { filename = '', 'filename*': extended = '' } = Object.fromEntries(parameters.reverse())
  const [, encoded = ''] = /^utf-8'[^']*'(.+)$/i.exec(extended) ?? []
  const names = [decodePercent(encoded, ''), filename, lastName(url)]
  const plain = names.filter((name) => isPlainName(name) && escapeText(name) === name)
  // No file system has longer ones
  return plain.find((name) => Buffer.byteLength(name) <= 255) ?? ''
}

/** The last name of a URL's path; empty if it has none. */
export function lastName(url: string): string {
  return decodePercent(basename(new URL(url).pathname), '')
}
