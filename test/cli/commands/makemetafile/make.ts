import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Io } from '../../../../src/cli/io.js'
import { decodeTorrent, type DecodedTorrent } from '../../../support/decode-torrent.js'
import { runBtkit, type RunResult } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

/** A directory with a file `a.iso` of five bytes, and what makemetafile does in it. */
export interface Workplace {
  readonly directory: string
  readonly source: string
  /** Runs `btkit makemetafile a.iso TRACKER ...args`. */
  readonly make: (args: readonly string[], world?: Partial<Io>) => Promise<RunResult>
  readonly at: (...path: string[]) => string
  readonly torrent: (name?: string) => DecodedTorrent
}

export function makeWorkplace(t: TestContext): Workplace {
  const directory = makeScratch(t, { 'a.iso': 'hello' })
  const source = join(directory, 'a.iso')
  const at = (...path: string[]) => join(directory, ...path)
  return {
    directory,
    source,
    at,
    make: (args, world) => runBtkit(['makemetafile', source, TRACKER, ...args], world),
    torrent: (name = 'a.iso.torrent') => decodeTorrent(readFileSync(at(name))),
  }
}
