import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { makeScratch } from './scratch.js'

/** Stands between btkit and a client, and falls silent on request. */
export interface SilentProxy {
  /** The client's address by way of the proxy. */
  readonly url: string
  /** How many more requests it passes on; the others get no answer. */
  passes: number
  /** Part of a request from which on nothing is passed on; null for none. */
  stopsAt: string | null
}

/** A request's first bytes, over HTTP and by SCGI. */
const REQUEST = /^(?:(?:GET|POST) |\d+:CONTENT_LENGTH)/

/** Starts a proxy for the client at an address such as btkit takes, until the test ends. */
export async function startSilentProxy(t: TestContext, url: string): Promise<SilentProxy> {
  const path = url.startsWith('scgi+unix://') ? url.slice('scgi+unix://'.length) : null
  const port = Number(/:(\d+)$/.exec(url)?.[1])
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const other = path === null ? connect(port, '127.0.0.1') : connect(path)
    sockets.push(socket, other)
    for (const each of [socket, other]) each.on('error', () => each.destroy())
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      if (REQUEST.test(text)) proxy.passes -= 1
      if (proxy.stopsAt !== null && text.includes(proxy.stopsAt)) proxy.passes = -1
      // qBittorrent takes no request that names another port than its own
      const passed = text.replaceAll(`127.0.0.1:${ownPort}`, `127.0.0.1:${port}`)
      if (proxy.passes >= 0) other.write(passed, 'latin1')
    })
    other.on('data', (bytes) => {
      if (proxy.passes >= 0) socket.write(bytes)
    })
    other.on('end', () => {
      if (proxy.passes >= 0) socket.end()
    })
    socket.on('close', () => other.destroy())
  })
  const own = path === null ? null : join(makeScratch(t), 'proxy.sock')
  await once(own === null ? server.listen(0, '127.0.0.1') : server.listen(own), 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const ownPort = own === null ? (server.address() as AddressInfo).port : 0
  const proxied = own === null ? url.replace(/\d+$/, `${ownPort}`) : `scgi+unix://${own}`
  const proxy: SilentProxy = { url: proxied, passes: Infinity, stopsAt: null }
  return proxy
}
