import { randomBytes } from 'node:crypto'
import type { ByteRange } from './byte-range.js'

/** Part of a body: the bytes `lead`, then a range of the resource. */
export interface BodyPart extends ByteRange {
  readonly lead: Uint8Array
}

/** The body of an answer, and its header fields. */
export interface RangedBody {
  readonly contentType: string
  /** Bytes. */
  readonly length: number
  readonly parts: readonly BodyPart[]
}

const NOTHING = new Uint8Array(0)

/** One range of a resource as a body. */
export function asBody(range: ByteRange, contentType: string): RangedBody {
  return { contentType, length: range.end - range.start, parts: [{ ...range, lead: NOTHING }] }
}

/** Several ranges of a resource of `size` bytes in one body (RFC 9110, section 14.6). */
export function asMultipart(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string,
): RangedBody {
  // Random, so that nobody can have put it into the content
  const boundary = randomBytes(16).toString('hex')
  const parts = ranges.map(({ start, end }, number) => {
    const lines = [
      ...(number === 0 ? [] : ['']),
      `--${boundary}`,
      `Content-Type: ${contentType}`,
      `Content-Range: bytes ${start}-${end - 1}/${size}`,
    ]
    return { start, end, lead: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`) }
  })
  const end = { start: 0, end: 0, lead: Buffer.from(`\r\n--${boundary}--\r\n`) }
  const all = [...parts, end]
  const length = all.reduce((sum, part) => sum + part.lead.length + part.end - part.start, 0)
  return { contentType: `multipart/byteranges; boundary=${boundary}`, length, parts: all }
}

/** The bytes of a body whose resource is in memory. */
export function bytesOf({ parts }: RangedBody, resource: Uint8Array): Uint8Array {
  return Buffer.concat(
    parts.flatMap(({ lead, start, end }) => [lead, resource.subarray(start, end)]),
  )
}
