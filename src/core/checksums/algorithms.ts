/** The checksums that can be asked for, each with its name in node:crypto and its length in bytes. */
export const CHECKSUMS = {
  sha256: { algorithm: 'sha256', length: 32 },
  sha1: { algorithm: 'sha1', length: 20 },
  md5: { algorithm: 'md5', length: 16 },
  blake2b: { algorithm: 'blake2b512', length: 64 },
} as const

export type ChecksumName = keyof typeof CHECKSUMS

/** Whether a text is the name of a checksum. */
export function isChecksumName(text: string): text is ChecksumName {
  return Object.hasOwn(CHECKSUMS, text)
}
