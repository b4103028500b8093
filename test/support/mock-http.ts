import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { Dispatcher } from 'undici'

/** Answers all requests over HTTP that btkit sends during a test; nothing reaches a network. */
export function mockHttp(t: TestContext, respond: (url: string) => Promise<Response>): void {
  const answer = async ({ origin, path }: Dispatcher.RequestOptions) => {
    const { status, headers, body } = await respond(`${String(origin)}${path}`)
    const stream = body ? Readable.fromWeb(body) : Readable.from([])
    return { statusCode: status, headers: Object.fromEntries(headers), body: stream }
  }
  t.mock.method(Dispatcher.prototype, 'request', answer as never)
}
