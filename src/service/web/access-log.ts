import type { IncomingMessage, ServerResponse } from 'node:http'
import { escapeText } from '../../text/escape.js'
import { jsonLine } from '../../text/json-line.js'

export type LogFormat = 'json' | 'text' | 'off'

/** Lines are written together: a write for each would cost more than most requests. */
const FLUSH_INTERVAL = 200
const FLUSH_LENGTH = 64 * 1024

export interface LogParts {
  readonly format: LogFormat
  readonly write: (lines: string) => void
  readonly now: () => number
}

/** What an answer took. */
export interface Effort {
  readonly milliseconds: number
  /** Bytes of its body. */
  readonly bytes: number
}

/** A line for each request that was answered. */
export class AccessLog {
  readonly #parts: LogParts
  #lines = ''
  #timer: NodeJS.Timeout | null = null

  constructor(parts: LogParts) {
    this.#parts = parts
  }

  note(request: IncomingMessage, response: ServerResponse, effort: Effort): void {
    const { format, now } = this.#parts
    if (format === 'off') return
    const entry = {
      time: new Date(now()).toISOString(),
      // None on a Unix socket
      client: request.socket.remoteAddress ?? '-',
      method: request.method ?? '',
      url: request.url ?? '',
      status: response.statusCode,
      bytes: effort.bytes,
      milliseconds: Math.round(effort.milliseconds * 10) / 10,
      agent: request.headers['user-agent'] ?? '-',
    }
    this.#lines += format === 'json' ? jsonLine(entry) : textLine(entry)
    if (this.#lines.length > FLUSH_LENGTH) this.flush()
    else this.#timer ??= setTimeout(this.flush, FLUSH_INTERVAL).unref()
  }

  /** Writes what was noted so far. */
  readonly flush = (): void => {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#lines !== '') this.#parts.write(this.#lines)
    this.#lines = ''
  }
}

interface LogEntry {
  readonly time: string
  readonly client: string
  readonly method: string
  readonly url: string
  readonly status: number
  readonly bytes: number
  readonly milliseconds: number
  readonly agent: string
}

function textLine(entry: LogEntry): string {
  const { time, client, status, bytes, milliseconds } = entry
  const [request, agent] = [quote(`${entry.method} ${entry.url}`), quote(entry.agent)]
  return `${time} ${client} ${request} ${status} ${bytes} ${milliseconds}ms ${agent}\n`
}

/** A client's text as one field, out of which it can't get. */
function quote(text: string): string {
  return `"${escapeText(text.replace(/["\\]/g, '\\$&'))}"`
}
