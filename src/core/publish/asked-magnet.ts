/** A magnet link whose metadata a client is to get from peers (BEP 9). */
export interface AskedMagnet {
  readonly link: string
  /** SHA-1 of the info, in hexadecimal. */
  readonly infoHash: string
  /** Holds what the client writes meanwhile: the directory as the client sees it. */
  readonly directory: string
  /** The same as it is seen here. */
  readonly localDirectory: string
  /** How large a torrent may be, in bytes. */
  readonly maxSize: number
}
