// The package has no types. Declared is what the seeder uses
declare module 'bittorrent-dht' {
  import type { Socket } from 'node:dgram'
  import type { EventEmitter } from 'node:events'

  export default class DHT extends EventEmitter {
    constructor(options: {
      /** Nodes to begin with, as `host:port`; false for none, missing for the public ones. */
      bootstrap?: readonly string[] | false
      socket?: Socket
    })
    nodes: { count(): number }
    announce(infoHash: string, port: number, done: (error: Error | null) => void): void
    destroy(done?: () => void): void
  }
}
