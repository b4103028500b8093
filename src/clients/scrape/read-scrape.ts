import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString, type BencodeDict, type BencodeValue } from '../../metainfo/bencode/value.js'
import { quoteText } from '../../text/escape.js'
import { ScrapeFailure, type Scraped, type ScrapedCounts } from './swarm-counts.js'

/** An answer has three levels; more are allowed for fields that are not read. */
const LIMITS = { maxSize: 2 ** 20, maxDepth: 8 }

/**
 * Reads the wanted counts from the answer of an HTTP tracker (BEP 48).
 * @throws ScrapeFailure
 */
export function readScrape(bytes: Uint8Array, infoHashes: readonly string[]): Scraped {
  const answer = readTrackerAnswer(bytes, 'a scrape')
  const files = answer.get('files')
  if (!(files instanceof Map)) throw new ScrapeFailure('the answer is not a scrape')
  const counts = infoHashes.flatMap((infoHash): [string, ScrapedCounts][] => {
    const entry = files.get(Buffer.from(infoHash, 'hex').toString('latin1'))
    return entry instanceof Map ? [[infoHash, countsOf(entry)]] : []
  })
  return new Map(counts)
}

/** The failure that a tracker reports itself, in bytes of any encoding. */
export function refused(reason: Uint8Array): ScrapeFailure {
  return new ScrapeFailure(`refuses: ${quoteText(new TextDecoder().decode(reason))}`)
}

/**
 * Reads the dictionary that a tracker answers over HTTP.
 * @throws ScrapeFailure if it refuses, or answers something else
 */
export function readTrackerAnswer(bytes: Uint8Array, what: string): BencodeDict {
  let value: BencodeValue
  try {
    value = readBencode(bytes, LIMITS).value
  } catch {
    throw new ScrapeFailure(`the answer is not ${what}`)
  }
  if (!(value instanceof Map)) throw new ScrapeFailure(`the answer is not ${what}`)
  const reason = value.get('failure reason')
  if (isByteString(reason)) throw refused(reason)
  return value
}

function countsOf(entry: BencodeDict): ScrapedCounts {
  return {
    seeds: countOf(entry.get('complete')),
    leechers: countOf(entry.get('incomplete')),
    completed: countOf(entry.get('downloaded')),
  }
}

/** Some trackers leave out counts that they do not keep. */
function countOf(value: BencodeValue | undefined): number {
  return typeof value === 'number' && value >= 0 ? value : 0
}
