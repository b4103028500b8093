import { isUtf8 } from 'node:buffer'
import { escapeText, jsonLine } from '../../base/text/escape.js'
import type { ClientAddresses } from '../connections/client-address.js'
import type { Exchange } from './exchanges.js'
import type { ServerContext } from '../context.js'

export type LogFormat = 'json' | 'text' | 'off'

/** Lines are written in batches: one write per line would cost more than most requests. */
const FLUSH_INTERVAL = 200
const FLUSH_LENGTH = 64 * 1024

export interface LogParts extends Pick<ServerContext, 'now'> {
  readonly format: LogFormat
  readonly write: (lines: string) => void
  readonly clientAddresses: Pick<ClientAddresses, 'of'>
}

/** Logs a line for each request once it is over. */
export class AccessLog {
  #lines = ''
  #timer: NodeJS.Timeout | null = null
  /** The last time in milliseconds, and its text: many lines have the same. */
  #time = { at: NaN, text: '' }

  constructor(private readonly parts: LogParts) {}

  note({ request, status, bytes, milliseconds, isComplete, refusal = null }: Exchange): void {
    const { format, clientAddresses } = this.parts
    if (format === 'off') return
    const entry = {
      time: this.#now(),
      // A Unix socket has no address
      client: clientAddresses.of(request) ?? '-',
      method: request.method ?? '',
      url: request.url ?? '',
      status,
      bytes,
      milliseconds: Math.round(milliseconds * 10) / 10,
      agent: request.headers['user-agent'] ?? '-',
      /** Whether the whole answer was sent. */
      complete: isComplete,
      ...(refusal !== null && { refusal }),
    }
    const { url, agent } = entry
    this.#lines +=
      format === 'json'
        ? jsonLine({ ...entry, url: decoded(url), agent: decoded(agent) })
        : textLine(entry)
    if (this.#lines.length > FLUSH_LENGTH) this.flush()
    else this.#timer ??= setTimeout(this.flush, FLUSH_INTERVAL).unref()
  }

  #now(): string {
    const at = this.parts.now()
    if (at !== this.#time.at) this.#time = { at, text: new Date(at).toISOString() }
    return this.#time.text
  }

  /** Writes the collected lines. */
  readonly flush = (): void => {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#lines !== '') this.parts.write(this.#lines)
    this.#lines = ''
  }
}

function textLine(
  entry: Readonly<Record<'time' | 'client' | 'method' | 'url' | 'agent', string>> &
    Pick<Exchange, 'status' | 'bytes' | 'milliseconds' | 'refusal'> & {
      readonly complete: boolean
    },
): string {
  const { time, client, status, bytes, milliseconds } = entry
  const [request, agent] = [quote(`${entry.method} ${entry.url}`.trim() || '-'), quote(entry.agent)]
  const end = entry.complete ? '' : ' cut'
  const why = entry.refusal == null ? '' : ` refused: ${escapeText(entry.refusal)}`
  return `${time} ${client} ${request} ${status} ${bytes} ${milliseconds}ms ${agent}${end}${why}\n`
}

/** Text in which nothing has to be escaped, as in most requests. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/**
 * Decodes a client's text, of which Node makes a character of each byte: as UTF-8 if it is that,
 * else as ISO-8859-1, which clients of old send (RFC 9110, section 5.5).
 */
function decoded(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : text
}

/** Quotes a client's text, decoded, so that it cannot end its field. */
function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  return `"${escapeText(decoded(text).replace(/["\\]/g, '\\$&'))}"`
}
