/** Whether 16 bytes are an IPv4 address mapped into IPv6. */
export function isMappedV4(address: Uint8Array): boolean {
  for (let at = 0; at < 10; at += 1) if (address[at] !== 0) return false
  return address[10] === 0xff && address[11] === 0xff
}

/**
 * Whether a peer can be at an address of 16 bytes: false if it is unspecified, multicast or
 * reserved.
 */
export function isConnectable(address: Uint8Array): boolean {
  if (isMappedV4(address)) {
    const first = address[12] ?? 0
    return first !== 0 && first < 224
  }
  return address[0] !== 0xff && address.some((byte) => byte !== 0)
}

/**
 * Whether the 16 bytes at an offset are a loopback address: 127.0.0.0/8 or ::1. Peers there are
 * given only to clients on the same machine.
 */
export function isLoopback(addresses: Uint8Array, from = 0): boolean {
  for (let at = 0; at < 10; at += 1) if (addresses[from + at] !== 0) return false
  if (addresses[from + 10] === 0xff && addresses[from + 11] === 0xff) {
    return addresses[from + 12] === 127
  }
  for (let at = 10; at < 15; at += 1) if (addresses[from + at] !== 0) return false
  return addresses[from + 15] === 1
}
