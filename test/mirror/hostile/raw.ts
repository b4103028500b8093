import { connect, type Socket } from 'node:net'

/** An answer exactly as it was received. */
export interface RawAnswer {
  readonly status: number
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/**
 * Sends bytes to a server unchanged, which fetch would normalize. Resolves with everything received
 * until the server closes the connection. Text is sent as Latin-1.
 */
export function rawRequest(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(Buffer.from(bytes as string, 'latin1'))
  return readToEnd(socket)
}

/** All bytes of a connection until it ends. */
export function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A server that closes with unread bytes resets the connection
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => {
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
  })
}

/** The bytes of a request on its own connection; header fields are whole lines. */
export function requestText(line: string, fields = ['Host: mirror.example'], body = ''): string {
  return [`${line} HTTP/1.1`, ...fields, 'Connection: close', '', body].join('\r\n')
}

/** The answers in a server's output. */
export function parseAnswers(received: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let rest = received; rest !== '';) {
    const [head, after] = cut(rest, '\r\n\r\n')
    const [statusLine = '', ...lines] = head.split('\r\n')
    const headers = new Map(lines.map(parseField))
    const length = Number(headers.get('content-length') ?? after.length)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1] ?? NaN)
    answers.push({ status, headers, body: after.slice(0, length) })
    rest = after.slice(length)
  }
  return answers
}

function parseField(line: string): [name: string, value: string] {
  const [name, value] = cut(line, ':')
  return [name.toLowerCase(), value.trim()]
}

function cut(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + mark.length)]
}
