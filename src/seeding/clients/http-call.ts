import { callWithin, type CallLimits } from '../../base/bounded-call.js'
import { BtkitError, tryOr } from '../../base/errors.js'
import { collectAtMost } from '../../disk/look/read-bounded.js'
import { type ReceivedHeaders, requestHttp } from '../../core/remote/http-request.js'
import { describeFailure } from '../../base/text/network-failure.js'
import { formatBytes } from '../../base/text/quantity.js'
import { readInfoHash } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import { escapeText } from '../../base/text/escape.js'

/** A request to a client's remote control. */
export interface HttpCall {
  readonly url: string
  readonly body?: string | URLSearchParams | FormData | undefined
  /** Whether a request with a body only reads, so that it may be sent again. */
  readonly isRead?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** Options of requests to one client. */
export interface HttpCallOptions extends Required<CallLimits> {
  /** The client's name in errors. */
  readonly label: string
}

export interface HttpAnswer {
  readonly status: number
  /** Whether the status is 200 to 299. */
  readonly isOk: boolean
  readonly headers: ReceivedHeaders
  readonly bytes: Uint8Array
  readonly text: string
}

/**
 * Largest answer in bytes, also of a packed one: qBittorrent sends up to 1.7 KiB for each torrent,
 * so this is enough for 50,000 of them.
 */
const MAX_ANSWER = 96 * 1024 * 1024

/**
 * Largest number of marks that begin, name or separate values in JSON and XML. Parsing takes up to
 * a microsecond for each of JSON and two of XML, and memory, in which nothing else happens. For
 * 50,000 torrents qBittorrent sends 6 million and rtorrent 3 million.
 */
const JSON_MARKS = { marks: '{[,:', most: 7_000_000 }
export const XML_MARKS = { marks: '<=&', most: 4_000_000 }

/**
 * Refuses an answer with more values than any list of torrents, which would take minutes to parse.
 * @throws BtkitError `client`
 */
export function refuseDense(text: string, { marks, most }: typeof JSON_MARKS, label: string): void {
  if (text.length <= most) return
  const isMark = new Uint8Array(128)
  for (const mark of Buffer.from(marks)) isMark[mark] = 1
  let count = 0
  for (let at = 0; at < text.length; at++) count += isMark[text.charCodeAt(at)] ?? 0
  if (count > most) throw badAnswer(label, `more than ${most} values`)
}

/**
 * Parses an answer as JSON; undefined if it is invalid.
 * @throws BtkitError `client` if it has too many values
 */
export function parseAnswer({ text }: HttpAnswer, label: string): unknown {
  refuseDense(text, JSON_MARKS, label)
  return tryOr(undefined, () => JSON.parse(text) as unknown)
}

/**
 * Sends a request, a POST if it has a body. Reads the whole answer, whatever its status is.
 * @throws BtkitError `unreachable` if there is no answer in time, `client` if it is too long,
 *   `interrupted`
 */
export function callHttp(call: HttpCall, options: HttpCallOptions): Promise<HttpAnswer> {
  return callClient(options, async (signal) => {
    const { bytes: sent, type } = await encode(call.body)
    // No redirect is followed: credentials must not be sent to another address
    const { status, headers, body } = await requestHttp(call.url, {
      body: sent,
      isRead: call.isRead,
      headers: { ...(type && { 'content-type': type }), ...call.headers },
      signal,
      isDirect: true,
    })
    const bytes = await collectAnswer(body, options.label)
    const isOk = status >= 200 && status < 300
    return { status, isOk, headers, bytes, text: bytes.toString() }
  })
}

/**
 * Returns the bytes of a body and its type. Only forms need Node's own class, which takes long to
 * load.
 */
async function encode(
  body: HttpCall['body'],
): Promise<{ readonly bytes?: string | Uint8Array; readonly type?: string | null }> {
  if (body === undefined) return {}
  if (typeof body === 'string') return { bytes: body, type: 'text/plain;charset=UTF-8' }
  if (body instanceof URLSearchParams)
    return { bytes: body.toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' }
  const encoded = new Response(body)
  return {
    bytes: new Uint8Array(await encoded.arrayBuffer()),
    type: encoded.headers.get('content-type'),
  }
}

/**
 * Calls a client within its limits.
 * @throws BtkitError `unreachable` if there is no answer in time, `interrupted`, and as `act`
 */
export async function callClient<T>(
  { label, timeoutMs, signal }: HttpCallOptions,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await callWithin({ timeoutMs, signal }, act)
  } catch (error) {
    if (error instanceof BtkitError) throw error
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    const reason = `${label}: ${describeFailure(error, timeoutMs)}`
    throw new BtkitError('unreachable', reason, { cause: error })
  }
}

/** The error for an invalid answer of a client. */
export function badAnswer(label: string, why: string): BtkitError {
  return new BtkitError('client', `${label}: unexpected answer: ${why}`)
}

/**
 * Reads a whole answer.
 * @throws BtkitError `client` if it is too long
 */
export function collectAnswer(body: AsyncIterable<Uint8Array>, label: string): Promise<Buffer> {
  return collectAtMost(body, MAX_ANSWER, () => {
    return badAnswer(label, `longer than ${formatBytes(MAX_ANSWER)}`)
  })
}

/** An unchecked object of a JSON answer. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Returns a value as an object; empty if it is not one. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {}
}

/** Returns a value as a list; empty if it is not one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}

/** Returns a value as text; empty if it is neither text nor a number. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? `${value}` : ''
}

/**
 * Returns a value as an info hash.
 * @throws BtkitError `client` if it is not one
 */
export function asInfoHash(value: unknown): InfoHash {
  const infoHash = readInfoHash(asText(value))
  if (infoHash !== null) return infoHash
  const what = `'${asText(value)}' is not an info hash`
  throw new BtkitError('client', `unexpected answer: ${escapeText(what)}`)
}

/** Returns a value as a number, which some clients send as text; 0 if it is not one. */
export function asNumber(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : 0
}
