import { createCipheriv } from 'node:crypto'

/** Bytes that look random and are the same in every run; other seeds give other bytes. */
export function pseudoRandom(length: number, seed = 0): Buffer {
  const key = Buffer.alloc(16)
  key.writeDoubleLE(seed)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}
