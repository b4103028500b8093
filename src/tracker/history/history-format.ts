import { createHash } from 'node:crypto'
import { BtkitError } from '../../errors.js'
import { MAX_TORRENTS, type History } from './history.js'
import { RINGS, SLOTS } from './periods.js'
import { FIELDS, Series } from './series.js'

/** Begins the file; the number is the version of the format. */
const HEADER = Buffer.from('btkit tracker history 1\n')

const DIGEST = 32
const HASH = 20
/** Business, downloads, samples by period, and all counts. */
const NUMBERS = 2 + RINGS.length
const SERIES = 8 * NUMBERS + 4 * FIELDS * SLOTS
/** The time of the last sample, the number of torrents, and the stamps of all slots. */
const START = 8 + 4 + 4 * SLOTS

/** The largest file in bytes. */
export const MAX_HISTORY_SIZE =
  HEADER.length + START + SERIES + MAX_TORRENTS * (HASH + SERIES) + DIGEST

/** Yields a history in the form in which it is saved: header, slots, counts, SHA-256. */
export function* formatHistory(history: History): Generator<Uint8Array> {
  const hash = createHash('sha256')
  for (const slice of slicesOf(history)) {
    hash.update(slice)
    yield slice
  }
  yield hash.digest()
}

function* slicesOf({ lastAt, stamps, totals, torrents }: History): Generator<Uint8Array> {
  const start = Buffer.alloc(START)
  start.writeDoubleLE(lastAt, 0)
  start.writeUInt32LE(torrents.size, 8)
  stamps.forEach((stamp, i) => start.writeUInt32LE(stamp, 12 + 4 * i))
  yield HEADER
  yield start
  yield formatSeries(totals)
  for (const [infoHash, series] of torrents) {
    yield Buffer.from(infoHash, 'hex')
    yield formatSeries(series)
  }
}

function formatSeries({ business, downloaded, samples, values }: Series): Buffer {
  const bytes = Buffer.alloc(SERIES)
  for (const [i, value] of [business, downloaded, ...samples].entries()) {
    bytes.writeDoubleLE(value, 8 * i)
  }
  values.forEach((value, i) => bytes.writeFloatLE(value, 8 * NUMBERS + 4 * i))
  return bytes
}

/**
 * Reads a saved history into an empty one.
 * @throws BtkitError `io` if the bytes are no whole history
 */
export function restoreHistory(history: History, file: Uint8Array): void {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  if (!bytes.subarray(0, HEADER.length).equals(HEADER)) {
    throw new BtkitError('io', 'not a history of this version')
  }
  const end = bytes.length - DIGEST
  const digest = createHash('sha256').update(bytes.subarray(0, end)).digest()
  const start = bytes.subarray(HEADER.length)
  const torrents = bytes.length < HEADER.length + START ? 0 : start.readUInt32LE(8)
  const size = HEADER.length + START + SERIES + torrents * (HASH + SERIES)
  if (torrents > MAX_TORRENTS || size !== end || !digest.equals(bytes.subarray(end))) {
    throw new BtkitError('io', 'a damaged history')
  }
  const lastAt = start.readDoubleLE(0)
  if (!(lastAt >= 0 && lastAt < Infinity)) throw new BtkitError('io', 'a damaged history')
  history.lastAt = lastAt
  history.stamps.forEach((_, i, stamps) => {
    stamps[i] = start.readUInt32LE(12 + 4 * i)
  })
  restoreSeries(history.totals, start.subarray(START))
  for (let at = START + SERIES; at < size - HEADER.length; at += HASH + SERIES) {
    const series = new Series(0)
    restoreSeries(series, start.subarray(at + HASH))
    history.torrents.set(start.toString('hex', at, at + HASH), series)
  }
}

function restoreSeries(series: Series, bytes: Buffer): void {
  series.business = bytes.readDoubleLE(0)
  series.downloaded = bytes.readDoubleLE(8)
  series.samples.forEach((_, i, samples) => {
    samples[i] = bytes.readDoubleLE(16 + 8 * i)
  })
  series.values.forEach((_, i, values) => {
    values[i] = bytes.readFloatLE(8 * NUMBERS + 4 * i)
  })
}
