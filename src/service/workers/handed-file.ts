import {
  encodeFingerprint,
  readEncodedFingerprint,
  type Fingerprint,
} from '../../files/fingerprint.js'

/** A stretch of a file that one process looked at, and another is to send. */
export interface HandedFile {
  readonly absolutePath: string
  /** What the file was: no other may be sent in its place. */
  readonly fingerprint: Fingerprint
  /** From the byte `start` up to and without `end`. */
  readonly start: number
  readonly end: number
}

/** Writes it as a header field can hold it. */
export function encodeHandedFile({ absolutePath, fingerprint, start, end }: HandedFile): string {
  const state = Buffer.from(encodeFingerprint(fingerprint)).toString('base64')
  return Buffer.from(JSON.stringify([absolutePath, state, start, end])).toString('base64url')
}

/** Reads what another process of ours wrote. */
export function decodeHandedFile(text: string): HandedFile {
  const json = Buffer.from(text, 'base64url').toString()
  const [absolutePath, state, start, end] = JSON.parse(json) as [string, string, number, number]
  const { buffer, byteOffset } = Buffer.from(state, 'base64')
  const fingerprint = readEncodedFingerprint(new DataView(buffer, byteOffset), 0)
  return { absolutePath, fingerprint, start, end }
}
