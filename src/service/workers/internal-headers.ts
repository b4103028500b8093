/** What the names of all header fields begin with that workers and the main process tell each other. */
const PREFIX = 'x-btkit-'

/** Fields of a request that a worker passes on. */
export const ASKED = {
  /** The client's address; empty where nobody knows it. */
  client: `${PREFIX}client`,
  /** The client's version of HTTP, where it is not 1.1. */
  version: `${PREFIX}version`,
  /** Present when the client speaks TLS. */
  secure: `${PREFIX}secure`,
  /** Present when the worker can not send a file itself. */
  whole: `${PREFIX}whole`,
} as const

/** Fields of the answer to it. */
export const TOLD = {
  /** The route that the request took. */
  route: `${PREFIX}route`,
  /** For how many milliseconds the same may be answered to others that ask the same. */
  again: `${PREFIX}again`,
  /** The info hash of the torrent that this is then a request for. */
  torrent: `${PREFIX}torrent`,
  /** The file that the worker is to send as the body; see `HandedFile`. */
  file: `${PREFIX}file`,
  /** Present when the client's connection is to be closed. */
  close: `${PREFIX}close`,
} as const

/**
 * All of a client's header that the main process looks at, and what tells how long the body is. Of any
 * other field nobody need know what it does to a request that is made anew.
 */
const NEEDED = new Set([
  'accept',
  'content-length',
  'content-type',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'transfer-encoding',
  'want-repr-digest',
])

/** Names and values in turn of what the main process has to know of a client's header. */
export function neededHeaders(rawHeaders: readonly string[]): string[] {
  return pickHeaders(rawHeaders, (name) => NEEDED.has(name))
}

/** What is said anew on the client's own connection. */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date'])

/** Names and values in turn of what the main process answers, without what is for the worker. */
export function passedHeaders(rawHeaders: readonly string[]): string[] {
  return pickHeaders(rawHeaders, (name) => !OF_CONNECTION.has(name) && !name.startsWith(PREFIX))
}

function pickHeaders(rawHeaders: readonly string[], isWanted: (name: string) => boolean): string[] {
  const picked: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (isWanted(name.toLowerCase())) picked.push(name, rawHeaders[i + 1] ?? '')
  }
  return picked
}
