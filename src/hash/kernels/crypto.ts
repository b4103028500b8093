import { createHash } from 'node:crypto'
import { DIGEST_LENGTH, type HashAlgorithm, type HashKernel, type SlicedHash } from './kernel.js'

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

  begin: beginSliced,
}

function beginSliced(algorithm: HashAlgorithm, lanes: number): SlicedHash {
  const hashes = Array.from({ length: lanes }, () => createHash(algorithm))
  return {
    update(data, length) {
      hashes.forEach((hash, i) => hash.update(data.subarray(i * length, (i + 1) * length)))
    },
    digest(out) {
      hashes.forEach((hash, i) => {
        out.set(hash.digest(), i * DIGEST_LENGTH[algorithm])
      })
    },
  }
}
