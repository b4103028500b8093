import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import undici from 'undici'

/** Answers all requests over HTTP that btkit sends during a test; nothing reaches a network. */
export function mockHttp(t: TestContext, respond: (url: string) => Promise<Response>): void {
  t.mock.method(undici, 'request', async (url: URL) => {
    const { status, headers, body } = await respond(url.href)
    const stream = body ? Readable.fromWeb(body) : Readable.from([])
    return { statusCode: status, headers: Object.fromEntries(headers), body: stream }
  })
}
