import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

type Answer = (response: ServerResponse, file: Buffer, request: IncomingMessage) => void

/** Sends the range that was asked for, of a file or of what is made of it. */
function sendRange(response: ServerResponse, file: Buffer, { headers }: IncomingMessage): void {
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  const [start, end] = [Number(from), Number(to)]
  const body = file.subarray(start, end + 1)
  const range = { 'Content-Range': `bytes ${start}-${end}/${file.length}` }
  response.writeHead(206, { ...range, 'Content-Length': body.length }).end(body)
}

function sendEndlessly(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024)
  const more = () => {
    while (!response.closed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

/** Behaviour of the servers, by the first component of the address. */
const KINDS: Readonly<Record<string, Answer>> = {
  right: sendRange,
  wrong: (response, file, request) => {
    sendRange(response, Buffer.from(file.map((byte) => byte ^ 1)), request)
  },
  whole: (response, file) => response.end(file),
  endless: (response) => {
    response.writeHead(200)
    sendEndlessly(response)
  },
  long: (response, _file, { headers }) => {
    const range = headers.range?.replace('=', ' ') ?? ''
    response.writeHead(206, { 'Content-Range': `${range}/*` })
    sendEndlessly(response)
  },
  short: (response, _file, { headers }) => {
    const range = headers.range?.replace('=', ' ') ?? ''
    response.writeHead(206, { 'Content-Range': `${range}/*` }).end('a')
  },
  other: (response) => response.writeHead(206, { 'Content-Range': 'bytes 5-6/7' }).end('ab'),
  packed: (response, file, request) => {
    response.setHeader('Content-Encoding', 'gzip')
    sendRange(response, file, request)
  },
  absent: (response) => response.writeHead(404).end('not found'),
  slow: () => undefined,
  loop: (response, _file, { url }) => response.writeHead(302, { Location: url }).end(),
  moved: (response, _file, { url = '' }) => {
    response.writeHead(301, { Location: url.replace('/moved/', '/right/') }).end()
  },
  away: (response) => response.writeHead(302, { Location: 'ftp://127.0.0.1/x' }).end(),
}

/** A server for the files below a directory, until the test ends. */
export async function startSeeds(t: TestContext, root: string): Promise<string> {
  const server = createServer((request, response) => {
    const [kind = '', ...path] = (request.url ?? '').split('/').slice(1)
    KINDS[kind]?.(response, readIfThere(join(root, ...path.map(decodeURIComponent))), request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}
