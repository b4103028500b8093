import { createHash } from 'node:crypto'
import { DIGEST_LENGTH, type HashKernel } from './kernel.js'

/** OpenSSL through node:crypto: one piece after the other, on every machine. */
export const cryptoKernel: HashKernel = {
  name: 'crypto',
  lanes: 1,

  hash({ algorithm, data, pieceLength, count, out }) {
    for (let i = 0; i < count; i++) {
      const piece = data.subarray(i * pieceLength, (i + 1) * pieceLength)
      out.set(createHash(algorithm).update(piece).digest(), i * DIGEST_LENGTH[algorithm])
    }
  },
}
