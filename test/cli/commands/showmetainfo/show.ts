import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Io } from '../../../../src/cli/io.js'
import { runBtkit, type RunResult } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

/** The name of BitTornado's program. */
const LEGACY = { program: 'btshowmetainfo', subcommand: 'showmetainfo' }

/** Runs `btshowmetainfo x.torrent` on these bytes. */
export function showAsBitTornado(t: TestContext, bytes: Uint8Array): Promise<RunResult> {
  const path = join(makeScratch(t, { 'x.torrent': bytes }), 'x.torrent')
  return runBtkit([path], LEGACY)
}

/** Runs `btkit showmetainfo ...args x.torrent` on these bytes. */
export function show(
  t: TestContext,
  bytes: Uint8Array | string,
  { args = [], ...world }: { args?: readonly string[] } & Partial<Io> = {},
): Promise<RunResult> {
  const path = join(makeScratch(t, { 'x.torrent': bytes }), 'x.torrent')
  return runBtkit(['showmetainfo', ...args, path], world)
}
