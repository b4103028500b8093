/** Bytes from which on an array is worth room of its own to grow into. */
const LARGE = 256 * 1024

/** How many times as long a large array may become before it is copied once more. */
const GROWTH = 256

/** An array buffer that may grow in its place; Node 20 has them, but not yet the types. */
interface Resizable extends ArrayBuffer {
  readonly maxByteLength: number
  readonly resizable: boolean
  resize(length: number): void
}

const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { readonly maxByteLength: number },
) => Resizable

/**
 * Returns a buffer with some bytes at its begin, and room for at least so many. Small
 * ones double. A large one has addresses for much more, but memory only for its bytes. Otherwise
 * copies of half a million files, and of a quarter, would be in memory until they are collected.
 */
export function withRoom(bytes: Uint8Array, length: number): ArrayBufferLike {
  const { buffer } = bytes
  const { maxByteLength, resizable } = buffer as Resizable
  if (resizable && length <= maxByteLength) {
    ;(buffer as Resizable).resize(Math.min(maxByteLength, Math.ceil(1.25 * length)))
    return buffer
  }
  const larger =
    length < LARGE
      ? new ArrayBuffer(2 * length)
      : new ResizableBuffer(Math.ceil(1.25 * length), { maxByteLength: GROWTH * length })
  new Uint8Array(larger).set(bytes)
  return larger
}
