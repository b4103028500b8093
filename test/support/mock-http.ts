import { EventEmitter } from 'node:events'
import http, { type RequestOptions } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'

const { request: real } = http

/** Answers all requests over HTTP that btkit sends during a test; nothing reaches a network. */
export function mockHttp(t: TestContext, respond: (url: string) => Promise<Response>): void {
  const request = ({ protocol, host, port, path }: RequestOptions) => {
    const { href } = new URL(`${protocol}//${host}:${port}${path}`)
    // It is sent when it ends
    const end = () => {
      respond(href).then(
        ({ status: statusCode, headers, body }) => {
          const headersDistinct = Object.fromEntries(
            Array.from(headers, ([name, value]) => [name, [value]]),
          )
          const answer = body ? Readable.fromWeb(body) : Readable.from([])
          sent.emit('response', Object.assign(answer, { statusCode, headersDistinct }))
        },
        (error: unknown) => sent.emit('error', error),
      )
      return sent
    }
    const sent: EventEmitter = Object.assign(new EventEmitter(), { end, destroy: () => sent })
    return sent
  }
  // A mock of the runner would keep all calls
  http.request = request as never
  syncBuiltinESMExports()
  t.after(() => {
    http.request = real
    syncBuiltinESMExports()
  })
}
