import { callWithin, type CallLimits } from '../bounded-call.js'
import { BtkitError } from '../errors.js'
import { describeFailure } from '../text/network-failure.js'

/** A request to a client's remote control. */
export interface HttpCall {
  readonly url: string
  readonly body?: string | URLSearchParams | FormData
  readonly headers?: Readonly<Record<string, string>>
}

/** How requests to one client are made. */
export interface CallOptions extends Required<CallLimits> {
  /** What the client is called in errors. */
  readonly label: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  readonly text: string
}

/** The header that logs in to an address by HTTP's Basic authentication; none without credentials. */
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

/** More than any list of torrents takes, in bytes. */
const MAX_ANSWER = 256 * 1024 * 1024

/**
 * Sends a request, a POST if it has a body, and reads the answer whole, whatever its status is.
 * @throws BtkitError `unreachable` when there is no answer in time, `client` when it is too long,
 * `interrupted`
 */
export async function callHttp(call: HttpCall, options: CallOptions): Promise<HttpAnswer> {
  const { label, timeoutMs, signal } = options
  try {
    return await callWithin(options, async (bounded) => {
      const response = await fetch(call.url, {
        method: call.body === undefined ? 'GET' : 'POST',
        ...(call.body === undefined ? {} : { body: call.body }),
        headers: { ...call.headers },
        // Credentials go to the address that was given, and to no other
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

/** An error for a client that does not answer. */
export function unreachable(label: string, error: unknown, timeoutMs: number): BtkitError {
  return new BtkitError('unreachable', `${label}: ${describeFailure(error, timeoutMs)}`, {
    cause: error,
  })
}

/** An error for a client whose answer makes no sense. */
export function badAnswer(label: string, why: string): BtkitError {
  return new BtkitError('client', `${label}: unexpected answer: ${why}`)
}

/** An error for an answer with a status that it should not have. */
export function badStatus(address: LoginAddress, { status }: HttpAnswer): BtkitError {
  if (status === 401 || status === 403) return refusedLogin(address)
  return badAnswer(address.label, `HTTP status ${status}`)
}

/** A client's address, with what is known to log in to it. */
interface LoginAddress {
  readonly label: string
  readonly user: string
  readonly password: string
}

/** An error for a client that does not take the name and password, or wants some. */
export function refusedLogin({ label, user, password }: LoginAddress): BtkitError {
  const why =
    user + password === ''
      ? 'wants a user name or password; put them into its address or a netrc file'
      : 'does not take this user name and password'
  return new BtkitError('unreachable', `${label}: ${why}`)
}

async function readBody(response: Response, label: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > MAX_ANSWER) throw badAnswer(label, 'too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
