import { createCipheriv } from 'node:crypto'

/** Bytes that look random and are the same in every run; other seeds give other bytes. */
export function pseudoRandom(length: number, seed = 0): Buffer {
  return streamOf(seed).update(Buffer.alloc(length))
}

/** A generator of unsigned 32-bit integers from such bytes. */
export function randomNumbers(seed: number): () => number {
  const stream = streamOf(seed)
  let [bytes, at] = [Buffer.alloc(0), 0]
  return () => {
    if (at === bytes.length) [bytes, at] = [stream.update(Buffer.alloc(4096)), 0]
    at += 4
    return bytes.readUInt32LE(at - 4)
  }
}

function streamOf(seed: number) {
  const key = Buffer.alloc(16)
  key.writeDoubleLE(seed)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
}
