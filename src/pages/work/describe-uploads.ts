import { contentSize } from '../../metainfo/metainfo.js'
import { setImmediate } from 'node:timers/promises'
import { BtkitError, type ErrorCode } from '../../base/errors.js'
import { parseUnhashed } from '../../metainfo/parse/metainfo.js'
import { announceUrls } from '../../metainfo/trackers.js'
import { clipText } from '../../base/text/escape.js'

/** Torrents that somebody is about to add. */
export interface UploadsRequest {
  readonly files: readonly Uint8Array[]
  /** The most bencoded values of each. */
  readonly maxValues: number
}

/** A torrent as the table of an upload shows it, or why it is none. */
export type UploadFacts =
  | {
      readonly size: number
      readonly files: number
      readonly comment: string
      /** The first ones; there may be many. */
      readonly trackers: readonly string[]
    }
  | { readonly fault: { readonly code: ErrorCode; readonly message: string } }

/** The most trackers of a torrent that are returned, and the longest comment, in characters. */
const MOST_TRACKERS = 1000
const LONGEST_COMMENT = 2000

/** Describes torrents for the table of an upload. */
export async function describeUploads(request: UploadsRequest): Promise<UploadFacts[]> {
  const facts: UploadFacts[] = []
  for (const bytes of request.files) {
    facts.push(describe(bytes, request.maxValues))
    // Other work of the thread goes on
    await setImmediate()
  }
  return facts
}

function describe(bytes: Uint8Array, maxValues: number): UploadFacts {
  try {
    const metainfo = parseUnhashed(bytes, { maxSize: bytes.length, maxValues })
    return {
      size: contentSize(metainfo),
      files: metainfo.files.filter(({ padding }) => !padding).length,
      comment: clipText(metainfo.comment ?? '', LONGEST_COMMENT),
      trackers: announceUrls(metainfo).slice(0, MOST_TRACKERS),
    }
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return { fault: { code: error.code, message: error.message } }
  }
}
