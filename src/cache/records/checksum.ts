/** FNV-1a of 32 bits: tells bytes that were damaged by accident, not by intent. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  // By index, which takes a fifth of the time of an iterator
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193)
  return hash >>> 0
}
