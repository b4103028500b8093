/** Why a seed is of no use, in one word and in more. */
export type Fault =
  | 'wrong bytes'
  | 'status'
  | 'no ranges'
  | 'length'
  | 'redirects'
  | 'compressed'
  | 'timeout'
  | 'unreachable'

/** What a seed did that none should do. */
export class SeedFault extends Error {
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message)
  }
}

/** Redirects that are followed. */
const MOST_REDIRECTS = 5

/** Whether an address is one that is asked at all: others are a stranger's way to elsewhere. */
export function isAsked(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

/** Asks for an address, and for where it redirects to. Whoever gets the response ends it. */
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

/** Bytes of a file that are wanted. */
export interface WantedBytes {
  readonly start: number
  readonly end: number
  /** Bytes of the file. */
  readonly size: number
}

/**
 * Asks for some bytes of a file, and hands them on as they come: no more than were asked for.
 * @throws SeedFault, and as fetch does
 */
export async function askForBytes(
  url: string,
  { start, end, size }: WantedBytes,
  { take, signal }: { readonly take: (bytes: Uint8Array) => void; readonly signal: AbortSignal },
): Promise<void> {
  const response = await askFor(url, { Range: `bytes=${start}-${end - 1}` }, signal)
  try {
    const { status, headers } = response
    // Who sends all of it may do so where all was asked for
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
 * Takes a body of so many bytes.
 * @throws SeedFault when it has more or fewer
 */
export async function takeBody(
  response: Response,
  length: number,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new SeedFault('compressed', 'sends what clients do not unpack')
  let taken = 0
  // To leave the loop ends the response
  for await (const bytes of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    taken += bytes.length
    if (taken > length) throw new SeedFault('length', `more than ${length} bytes`)
    take(bytes)
  }
  if (taken < length) throw new SeedFault('length', `${taken} bytes of ${length}`)
}
