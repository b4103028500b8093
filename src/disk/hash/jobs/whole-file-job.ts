import { rawPath } from '../../../base/text/raw-path.js'
import { createJob, type HashJob, type Throttle } from './job.js'

/** A file to read once from beginning to end, and what to compute. */
export interface WholeFile {
  readonly path: string
  /** The expected device and inode numbers of a real path; null if links are followed. */
  readonly identity: BigUint64Array | null
  readonly size: number
  /** Digests by their names in node:crypto, with their lengths in bytes. */
  readonly checksums: readonly { readonly algorithm: string; readonly length: number }[]
  /** Bytes of a piece. Absent if no piece digests are wanted. */
  readonly pieceLength?: number | undefined
  /** Limits the read rate. */
  readonly throttle?: Throttle | undefined
}

/** Creates the job of one thread that reads a whole file. */
export function createWholeFileJob(file: WholeFile): HashJob {
  const { path, identity, size, pieceLength, throttle = null } = file
  const stream = {
    directories: [''],
    directoryOf: Uint32Array.of(0),
    names: Buffer.from(rawPath(`${path}\0`)),
    nameAt: Uint32Array.of(0),
    identities: identity,
    offsets: Float64Array.of(0, size),
    pieceLength: pieceLength ?? Math.max(1, size),
  }
  const checksums = file.checksums.map(({ algorithm, length }) => {
    return { algorithm, digest: new Uint8Array(new SharedArrayBuffer(length)) }
  })
  const wanted = pieceLength === undefined ? null : 'pieces'
  const how = { kernel: 'crypto', threads: 1, throttle, checksums } as const
  return createJob({ stream, wanted, ...how })
}
