import { createHash } from 'node:crypto'

/** The digests of all pieces, computed in the plainest way: join the files, cut, hash. */
export function referenceDigests(
  contents: readonly Uint8Array[],
  pieceLength: number,
  algorithm: 'sha1' | 'sha256' = 'sha1',
): Buffer {
  const stream = Buffer.concat(contents)
  const digests: Buffer[] = []
  for (let at = 0; at < stream.length; at += pieceLength) {
    const piece = stream.subarray(at, at + pieceLength)
    digests.push(createHash(algorithm).update(piece).digest())
  }
  return Buffer.concat(digests)
}
