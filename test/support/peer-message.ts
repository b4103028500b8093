/** A message of a peer (BEP 3) with numbers of 32 bits. */
export function peerMessage(id: number, ...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(5 + 4 * numbers.length)
  bytes.writeUInt32BE(bytes.length - 4)
  bytes[4] = id
  numbers.forEach((number, n) => bytes.writeUInt32BE(number, 5 + 4 * n))
  return bytes
}
