// The package has no types. Declared is what the seeder and its tests use
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events'

  export default class DHT extends EventEmitter {
    constructor(options: {
      /** Nodes to begin with, as `host:port`; false for none, missing for the public ones. */
      bootstrap?: readonly string[] | false
      /** As one of node:dgram. */
      socket?: EventEmitter
      /** Peers that are remembered for others. */
      maxPeers?: number
      host?: string
    })
    nodes: { count(): number }
    announce(infoHash: string, port: number, done: (error: Error | null) => void): void
    lookup(infoHash: string): void
    listen(port: number, host: string): void
    address(): { port: number }
    destroy(done?: () => void): void
  }
}
