import type { IncomingMessage } from 'node:http'
import { decodeHandedFile, type HandedFile } from './handed-file.js'
import { passedHeaders, TOLD } from './internal-headers.js'

/** What the main process answered, as the client is to get it. */
export interface PassedAnswer {
  readonly status: number
  readonly statusMessage: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly route: string | null
  /** For how many milliseconds it may be given to others as well, since it was asked for. */
  readonly again: number
  /** The info hash of the torrent that these others then have asked for. */
  readonly torrent: string | null
  /** The file that is its body; null when the body came with it. */
  readonly file: HandedFile | null
}

/** Reads the header of an answer of the main process. */
export function readPassedAnswer(answer: IncomingMessage): PassedAnswer {
  const { statusCode: status = 500, statusMessage = '', rawHeaders } = answer
  const field = (name: string) => [answer.headers[name] ?? []].flat()[0] ?? null
  const told = field(TOLD.file)
  const file = told === null ? null : decodeHandedFile(told)
  const headers = passedHeaders(rawHeaders)
  if (file) setLength(headers, file.end - file.start)
  const isLast = field(TOLD.close) !== null || field('connection') === 'close'
  if (isLast) headers.push('Connection', 'close')
  const again = Number(field(TOLD.again) ?? 0)
  const [route, torrent] = [field(TOLD.route), field(TOLD.torrent)]
  return { status, statusMessage, headers, route, again, torrent, file }
}

function setLength(headers: string[], length: number): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === 'content-length') headers[i + 1] = String(length)
  }
}
