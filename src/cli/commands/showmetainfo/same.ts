import { BtkitError } from '../../../errors.js'
import { isSameSwarm, swarmDifferences } from '../../../metainfo/compare-swarms.js'
import { contentSize, type Metainfo } from '../../../metainfo/metainfo.js'
import { automaticPieceLength } from '../../../metainfo/piece-length.js'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import type { Io } from '../../io.js'
import { tryEach } from '../../output/messages.js'
import { failureKeys, torrentKeys, withFailureLines } from '../../output/torrent-json.js'

interface SameOptions {
  readonly json?: true | undefined
  readonly maxTorrentSize: number
}

/**
 * Compares each further torrent with the first. Prints whether both share a swarm, and why not.
 * Returns the exit status: 1 if any torrent does not, or cannot be read.
 *
 * @throws BtkitError for fewer than two torrents, or if the first cannot be read
 */
export async function showSame(
  [first, ...others]: readonly string[],
  { json, maxTorrentSize }: SameOptions,
  io: Io,
): Promise<number> {
  if (first === undefined || others.length === 0) {
    throw new BtkitError('usage', '--same needs at least two torrents')
  }
  const different = new Set<string>()
  const compare = (a: Metainfo) => async (other: string) => {
    const b = await readTorrentInput(other, maxTorrentSize, io)
    const pair = { torrent: first, other, a, b }
    if (!isSameSwarm(a, b)) different.add(other)
    io.stdout.write(json ? sameJson(pair) : sameText(pair))
  }
  let status = 0
  await withFailureLines(json, io, async () => {
    const a = await readTorrentInput(first, maxTorrentSize, io)
    status = await tryEach(others, io, withFailureLines(json, io, compare(a)))
  })(first)
  return different.size > 0 ? 1 : status
}

interface Pair {
  readonly torrent: string
  readonly other: string
  readonly a: Metainfo
  readonly b: Metainfo
}

function sameJson({ torrent, other, a, b }: Pair): string {
  const result = { other, same: isSameSwarm(a, b), differences: swarmDifferences(a, b) }
  return jsonLine({ ...torrentKeys(torrent, a), ...result, ...failureKeys(null) })
}

function sameText({ torrent, other, a, b }: Pair): string {
  const names = escapeText(`${torrent}, ${other}`)
  if (isSameSwarm(a, b)) return `${names}: one swarm\n`
  const lines = swarmDifferences(a, b).map(({ what, first, second }) => {
    return `  ${escapeText(`${what}: ${first} | ${second}`)}\n`
  })
  return `${names}: two swarms\n${lines.join('')}${pieceLengthHint(a, b)}`
}

/** The piece length of btmakemetafile, and of BitTornado 0.3.18. */
const OF_BITTORNADO = 2 ** 18

/** Explains the difference between BitTornado 0.3.18 and later versions, which chose by size. */
function pieceLengthHint(a: Metainfo, b: Metainfo): string {
  const lengths = [a.pieceLength, b.pieceLength]
  const isHint =
    a.pieceLength !== b.pieceLength &&
    lengths.includes(OF_BITTORNADO) &&
    lengths.includes(automaticPieceLength(contentSize(a)))
  if (!isHint) return ''
  return '  btmakemetafile uses 256 KiB; --piece_size_pow2 0 chooses by size, as later BitTornado did\n'
}
