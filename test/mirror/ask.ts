import { request, type Agent, type IncomingHttpHeaders } from 'node:http'

/** A raw answer of the service. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly agent?: Agent
  /** The address of this machine to send the request to (default: 127.0.0.1). */
  readonly host?: string
}

/**
 * Sends a request to a port or Unix socket of this machine. It contains only the given fields, Host
 * and Content-Length; fetch would normalize the path and add header fields.
 */
export function ask(
  place: number | string,
  path: string,
  question: Question = {},
): Promise<Answer> {
  const where =
    typeof place === 'number'
      ? { host: question.host ?? '127.0.0.1', port: place }
      : { socketPath: place }
  const { method = 'GET', headers = {}, body, agent } = question
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        ...where,
        path,
        method,
        headers: { ...length, ...headers },
        ...(agent && { agent }),
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const { statusCode = 0, headers } = answer
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks) })
        })
      },
    )
    asked.on('error', reject)
    // Curl and yum send none either; connections are kept without it
    asked.removeHeader('Connection')
    asked.end(body)
  })
}

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** A form as the yum client sends it. */
export function formOf(paths: readonly string[]): string {
  return new URLSearchParams(paths.map((path): [string, string] => ['p', path])).toString()
}
