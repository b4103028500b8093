import { callWithin, type CallLimits } from '../bounded-call.js'
import { BtkitError } from '../errors.js'
import { describeFailure } from '../text/network-failure.js'
import { formatBytes } from '../text/quantity.js'

/** A request to a client's remote control. */
export interface HttpCall {
  readonly url: string
  readonly body?: string | URLSearchParams | FormData
  readonly headers?: Readonly<Record<string, string>>
}

/** Options of requests to one client. */
export interface CallOptions extends Required<CallLimits> {
  /** The client's name in errors. */
  readonly label: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly text: string
}

/** Returns the header for HTTP's Basic authentication; empty without credentials. */
export function basicAuth({
  user,
  password,
}: {
  readonly user: string
  readonly password: string
}): Readonly<Record<string, string>> {
  if (user + password === '') return {}
  const credentials = Buffer.from(`${user}:${password}`).toString('base64')
  return { Authorization: `Basic ${credentials}` }
}

/**
 * Largest answer in bytes, enough for a list of 40,000 torrents. Values of a few bytes each take
 * a second of parsing for each MiB, in which nothing else happens.
 */
const MAX_ANSWER = 64 * 1024 * 1024

/** The same for an answer that comes packed, because a few KiB on the wire can be any length. */
const MAX_UNPACKED = 32 * 1024 * 1024

/**
 * Sends a request, a POST if it has a body. Reads the whole answer, whatever its status is.
 * @throws BtkitError `unreachable` if there is no answer in time, `client` if it is too long,
 *   `interrupted`
 */
export async function callHttp(call: HttpCall, options: CallOptions): Promise<HttpAnswer> {
  const { label, timeoutMs, signal } = options
  try {
    return await callWithin(options, async (bounded) => {
      const response = await fetch(call.url, {
        method: call.body === undefined ? 'GET' : 'POST',
        ...(call.body === undefined ? {} : { body: call.body }),
        headers: { ...call.headers },
        // Credentials must not be sent to another address
        redirect: 'manual',
        signal: bounded,
      })
      const bytes = await readBody(response, label)
      return { status: response.status, headers: response.headers, bytes, text: bytes.toString() }
    })
  } catch (error) {
    if (error instanceof BtkitError) throw error
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    throw unreachable(label, error, timeoutMs)
  }
}

/** The error for a client that does not answer. */
export function unreachable(label: string, error: unknown, timeoutMs: number): BtkitError {
  return new BtkitError('unreachable', `${label}: ${describeFailure(error, timeoutMs)}`, {
    cause: error,
  })
}

/** The error for an invalid answer of a client. */
export function badAnswer(label: string, why: string): BtkitError {
  return new BtkitError('client', `${label}: unexpected answer: ${why}`)
}

/** The error for an answer with an unexpected status. */
export function badStatus(address: LoginAddress, { status }: HttpAnswer): BtkitError {
  if (status === 401 || status === 403) return refusedLogin(address)
  return badAnswer(address.label, `HTTP status ${status}`)
}

/** A client's address and login. */
interface LoginAddress {
  readonly label: string
  readonly user: string
  readonly password: string
}

/** The error for a client that refuses the user name and password, or requires them. */
export function refusedLogin({ label, user, password }: LoginAddress): BtkitError {
  const why =
    user + password === ''
      ? 'wants a user name or password; put them into its address or a netrc file'
      : 'does not take this user name and password'
  return new BtkitError('unreachable', `${label}: ${why}`)
}

async function readBody(response: Response, label: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const limit = response.headers.has('content-encoding') ? MAX_UNPACKED : MAX_ANSWER
  let length = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > limit) throw badAnswer(label, `longer than ${formatBytes(limit)}`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
