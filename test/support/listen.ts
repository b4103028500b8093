import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import type { TestContext } from 'node:test'

/**
 * Listens on a free port of an address, by default the loopback address, until the test ends.
 * Returns the port.
 */
export async function listenLocally(
  t: Pick<TestContext, 'after'>,
  server: Server & { closeAllConnections?: () => void },
  host = '127.0.0.1',
): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections?.()
  })
  return (server.address() as AddressInfo).port
}

/** The same of an HTTP server that answers so. */
export function serveLocally(
  t: Pick<TestContext, 'after'>,
  answer: RequestListener,
): Promise<number> {
  return listenLocally(t, createServer(answer))
}
