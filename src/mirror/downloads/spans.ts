import type { BodyPart } from '../../server/answers/multipart-ranges.js'

/** A stretch of a file that is read at once, with the parts of a body in it, in their order. */
export interface DownloadSpan {
  start: number
  end: number
  readonly parts: BodyPart[]
}

/** Most bytes between two parts that are read, too, instead of a second read. */
const GAP = 16 * 1024

/**
 * The spans to read for the next parts of a body, up to about `most` bytes; the last part may be
 * cut. Neighbours share a span, because each read needs a switch to another thread and back.
 */
export function nextSpans(parts: readonly BodyPart[], most: number): DownloadSpan[] {
  const spans: DownloadSpan[] = []
  let length = 0
  for (const part of parts) {
    if (length >= most) break
    const end = Math.min(part.end, part.start + most - length)
    const piece = { ...part, end }
    length += part.lead.length + end - part.start
    const last = spans.at(-1)
    if (!last || !join(last, piece, most)) spans.push({ ...piece, parts: [piece] })
  }
  return spans
}

/** Adds a part to a span if it is near; returns whether it did. */
function join(span: DownloadSpan, part: BodyPart, most: number): boolean {
  const isEmpty = part.start === part.end
  const start = isEmpty ? span.start : Math.min(span.start, part.start)
  const end = isEmpty ? span.end : Math.max(span.end, part.end)
  const added = end - start - (span.end - span.start)
  if (end - start > most || added > part.end - part.start + GAP) return false
  Object.assign(span, { start, end })
  span.parts.push(part)
  return true
}
