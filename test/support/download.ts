import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseJson, runBtkit } from './run-btkit.js'
import { makeScratch, type Files } from './scratch.js'
import { startTrack, type RunningTrack } from './track.js'

/** A release to download. */
export interface Release {
  readonly tracker: RunningTrack
  /** The path of the torrent. */
  readonly torrent: string
  /** The directory that holds its content. */
  readonly source: string
  readonly infoHash: string
}

/** A torrent of files, or of one, and a tracker for it, which may have an address of its own. */
export async function plant(
  t: TestContext,
  files: Files,
  more: readonly string[] = [],
): Promise<Release> {
  const at = more.indexOf('--host')
  const where = at < 0 ? [] : more.slice(at, at + 2)
  const tracker = await startTrack(t, { args: ['--interval', '5', ...where] })
  const source = makeScratch(t, files)
  const [name = ''] = readdirSync(source)
  const torrent = join(makeScratch(t), 'a.torrent')
  const args = [
    'makemetafile',
    join(source, name),
    `${tracker.address}/announce`,
    '--json',
    ...more.filter((arg) => !where.includes(arg)),
  ]
  const made = await runBtkit([...args, '-l', '15', '--target', torrent, '--no-cache'])
  assert.equal(made.status, 0, made.stderr)
  return { tracker, torrent, source, infoHash: String(parseJson(made)['infoHash']) }
}
