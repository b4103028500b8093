/** The fault of a seed, in a word or two. */
export type Fault =
  | 'wrong bytes'
  | 'status'
  | 'no ranges'
  | 'length'
  | 'redirects'
  | 'compressed'
  | 'timeout'
  | 'unreachable'

/** The error for a seed that answers wrongly. */
export class SeedFault extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message)
  }
}

/** Maximum number of redirects. */
const MOST_REDIRECTS = 5

/** Whether a URL may be requested. Others could lead a stranger to internal resources. */
export function isAsked(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/** Requests a URL, and follows its redirects. The caller must end the response. */
export async function askFor(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  let address = url
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await fetch(address, { headers, redirect: 'manual', signal })
    const location = response.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response
    await response.body?.cancel()
    if (!URL.canParse(location, address)) throw new SeedFault('redirects', 'to no address')
    address = new URL(location, address).href
    if (!isAsked(address)) throw new SeedFault('redirects', 'to what is not http or https')
  }
  throw new SeedFault('redirects', `more than ${MOST_REDIRECTS}`)
}

/** A range of bytes in a file. */
export interface WantedBytes {
  readonly start: number
  readonly end: number
  /** Size of the file in bytes. */
  readonly size: number
}

/**
 * Requests a range of a file, and passes the bytes on as they arrive. Never passes on more than
 * requested.
 * @throws SeedFault, and errors of fetch
 */
export async function askForBytes(
  url: string,
  { start, end, size }: WantedBytes,
  { take, signal }: { readonly take: (bytes: Uint8Array) => void; readonly signal: AbortSignal },
): Promise<void> {
  const response = await askFor(url, { Range: `bytes=${start}-${end - 1}` }, signal)
  try {
    const { status, headers } = response
    // A whole file is a valid answer if the range is the whole file
    const isWhole = status === 200 && start === 0 && end === size
    if (status === 200 && !isWhole) throw new SeedFault('no ranges', 'sends the whole file')
    if (status !== 206 && !isWhole) throw new SeedFault('status', `${status}`)
    const range = headers.get('content-range') ?? ''
    if (status === 206 && !range.startsWith(`bytes ${start}-${end - 1}/`)) {
      throw new SeedFault('no ranges', 'sends another range than was asked for')
    }
    await takeBody(response, end - start, take)
  } finally {
    await response.body?.cancel().catch(() => undefined)
  }
}

/**
 * Reads a body of an exact length.
 * @throws SeedFault if the length differs
 */
export async function takeBody(
  response: Response,
  length: number,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new SeedFault('compressed', 'sends what clients do not unpack')
  let taken = 0
  // Leaving the loop ends the response
  for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    taken += bytes.length
    if (taken > length) throw new SeedFault('length', `more than ${length} bytes`)
    take(bytes)
  }
  if (taken < length) throw new SeedFault('length', `${taken} bytes of ${length}`)
}
