import { BtkitError } from '../../../errors.js'
import { isSameSwarm, swarmDifferences } from '../../../metainfo/compare-swarms.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { escapeText, jsonLine } from '../../../text/escape.js'
import { readTorrentInput } from '../../arguments/torrent-input.js'
import type { Io } from '../../io.js'

interface SameOptions {
  readonly json?: true | undefined
  readonly maxTorrentSize: number
}

/**
 * Compares each further torrent with the first. Prints whether both share a swarm, and why not.
 * Returns the exit status: 1 if any torrent does not.
 *
 * @throws BtkitError for fewer than two torrents, or one that cannot be read
 */
export async function showSame(
  [first, ...others]: readonly string[],
  { json, maxTorrentSize }: SameOptions,
  io: Io,
): Promise<number> {
  if (first === undefined || others.length === 0) {
    throw new BtkitError('usage', '--same needs at least two torrents')
  }
  const one = await readTorrentInput(first, maxTorrentSize, io)
  let status = 0
  for (const other of others) {
    const pair = {
      torrent: first,
      other,
      a: one,
      b: await readTorrentInput(other, maxTorrentSize, io),
    }
    if (!isSameSwarm(pair.a, pair.b)) status = 1
    io.stdout.write(json ? sameJson(pair) : sameText(pair))
  }
  return status
}

interface Pair {
  readonly torrent: string
  readonly other: string
  readonly a: Metainfo
  readonly b: Metainfo
}

function sameJson({ torrent, other, a, b }: Pair): string {
  return jsonLine({ torrent, other, same: isSameSwarm(a, b), differences: swarmDifferences(a, b) })
}

function sameText({ torrent, other, a, b }: Pair): string {
  const names = escapeText(`${torrent}, ${other}`)
  if (isSameSwarm(a, b)) return `${names}: one swarm\n`
  const lines = swarmDifferences(a, b).map(({ what, first, second }) => {
    return `  ${escapeText(`${what}: ${first} | ${second}`)}\n`
  })
  return `${names}: two swarms\n${lines.join('')}`
}
