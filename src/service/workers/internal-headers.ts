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

/** Fields that belong to a connection, not to what is passed on; and one that is answered before. */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'expect'])

/** Names and values in turn, without those of the connection and those that only we may say. */
export function passedHeaders(
  rawHeaders: readonly string[],
  leftOut: ReadonlySet<string> = OF_CONNECTION,
): string[] {
  const passed: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    if (leftOut.has(name) || name.startsWith(PREFIX)) continue
    passed.push(rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '')
  }
  return passed
}
