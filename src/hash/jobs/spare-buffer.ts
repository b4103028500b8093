/** A buffer that a thread no longer needs, for its next job: new memory costs time, and is freed late. */
let spare: Uint8Array | null = null

/** A buffer of that many bytes, with anything in it. */
export function takeBuffer(length: number): Uint8Array {
  const buffer = spare && spare.length >= length ? spare : Buffer.allocUnsafeSlow(length)
  spare = null
  return buffer.subarray(0, length)
}

/** Gives a buffer back. It must not be used any more. */
export function returnBuffer(buffer: Uint8Array): void {
  const whole = new Uint8Array(buffer.buffer)
  if (spare === null || whole.length > spare.length) spare = whole
}
