import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** Stands between machines and Redis, and harms connections on request. */
export interface CuttingProxy {
  readonly url: string
  /** Ends all connections, as if the network were gone. */
  readonly cut: () => void
  /** Passes nothing on until it is resumed. */
  readonly stall: () => void
  readonly resume: () => void
}

/** Starts a proxy to a port of this machine until the test ends. */
export async function startCuttingProxy(t: TestContext, port: number): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let isStalled = false
  const hold = (socket: Socket) => (isStalled ? socket.pause() : socket.resume())
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    const end = () => {
      for (const socket of pair) socket.destroy()
      pairs.delete(pair)
    }
    for (const [from, to] of [pair, [far, near]] as const) {
      from.on('error', end).on('close', end)
      from.on('data', (bytes) => to.write(bytes))
      hold(from)
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
  }
  const holdAll = (stalls: boolean) => {
    isStalled = stalls
    for (const pair of pairs) pair.forEach(hold)
  }
  t.after(() => {
    cut()
    server.close()
  })
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stall: () => {
      holdAll(true)
    },
    resume: () => {
      holdAll(false)
    },
  }
}
