import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { serveLocally } from './listen.js'

/** A server of files, which answers as a web server does unless `answer` does otherwise. */
export interface FileServer {
  readonly url: string
  /** The files by their paths, without a slash in front. */
  readonly files: Map<string, Uint8Array>
  /** What was asked, as `METHOD path range`. */
  readonly asked: string[]
  /** The tag of bytes at an address. */
  tag: (bytes: Uint8Array, url: string) => string
  /** Answers a request itself, and returns whether it did. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** Starts a server with ranges and strong tags on a free port, until the test ends. */
export async function serveFiles(
  t: TestContext,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<FileServer> {
  const content = Object.entries(files).map(([path, bytes]) => {
    return [path, bytes instanceof Uint8Array ? bytes : Buffer.from(bytes)] as const
  })
  const port = await serveLocally(t, (request, response) => {
    const { method = '', url = '/', headers } = request
    served.asked.push([method, url, headers.range ?? ''].join(' ').trim())
    if (!served.answer(request, response)) sendFile(served, request, response)
  })
  const served: FileServer = {
    url: `http://127.0.0.1:${port}`,
    files: new Map(content),
    asked: [],
    tag: tagOf,
    answer: () => false,
  }
  return served
}

/** The range that a request asks for: its start, and its end; null if it asks for none. */
export function rangeOf({ range = '' }: IncomingMessage['headers']): [number, number] | null {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  return first === undefined ? null : [Number(first), Number(last) + 1]
}

/** Each request for a part of a large file needs the tag of the whole. */
const tags = new WeakMap<Uint8Array, string>()

/** The strong tag of bytes, which do not change. */
export function tagOf(bytes: Uint8Array): string {
  const tag = tags.get(bytes) ?? `"${createHash('sha1').update(bytes).digest('hex')}"`
  tags.set(bytes, tag)
  return tag
}

function sendFile(
  { files, tag }: FileServer,
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const bytes = files.get(decodeURIComponent(url.slice(1).replace(/\?.*$/, '')))
  if (!bytes) {
    response.writeHead(404).end()
    return
  }
  const etag = tag(bytes, url)
  const ifRange = headers['if-range']
  const range = rangeOf(headers)
  const isPart = range !== null && (ifRange === undefined || ifRange === etag)
  const [start, end] = isPart ? [range[0], Math.min(range[1], bytes.length)] : [0, bytes.length]
  if (isPart && start >= end) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end('no such range')
    return
  }
  const part = bytes.subarray(start, end)
  const ranged = isPart ? { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` } : {}
  const own = { 'content-length': part.length, 'accept-ranges': 'bytes', etag, ...ranged }
  response.writeHead(isPart ? 206 : 200, own)
  response.end(method === 'HEAD' ? undefined : part)
}
