import { request, type Agent, type IncomingHttpHeaders } from 'node:http'

/** An answer of the service, as it came. */
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
  /** The address of this machine at which a port is asked; 127.0.0.1 where it is not given. */
  readonly host?: string
}

/**
 * Asks the server on a port or Unix socket of this machine, with nothing in the request but what is given here, Host and
 * Content-Length: fetch would tidy up the path and add header fields.
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
    // Curl and yum send none either; without it, connections are kept all the same
    asked.removeHeader('Connection')
    asked.end(body)
  })
}

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** A form as the yum client sends it. */
export function formOf(paths: readonly string[]): string {
  return new URLSearchParams(paths.map((path): [string, string] => ['p', path])).toString()
}
