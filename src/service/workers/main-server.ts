import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { asBtkitError } from '../../errors.js'
import { openServer } from '../../web/open-server.js'

/** Bytes of a header: that of a client, and what a worker adds. */
const MAX_HEADER = 64 * 1024

/** Where the main process answers its workers. */
export interface MainServer {
  /** Of a Unix socket, in a directory that nobody else can enter. */
  readonly path: string
  /** To be called when the workers have ended. */
  readonly close: () => Promise<void>
}

/**
 * Has what workers pass on answered.
 * @throws BtkitError when there is no place for the socket
 */
export async function openMainServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<MainServer> {
  const directory = await mkdtemp(join(tmpdir(), 'btkit-serve-')).catch((error: unknown) => {
    throw asBtkitError(error, tmpdir())
  })
  // How long clients may take is the workers' matter
  const patience = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 }
  const limits = { maxHeaderSize: MAX_HEADER, requireHostHeader: false }
  const server = createServer({ ...patience, ...limits }, handler)
  const path = await openServer(server, { path: join(directory, 'main') })
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
    removeMainSocket(path)
  }
  return { path, close }
}

/** Removes the socket of a main process that has ended, and its directory. */
export function removeMainSocket(path: string): void {
  rmSync(dirname(path), { recursive: true, force: true })
}
