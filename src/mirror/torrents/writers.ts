import { setTimeout } from 'node:timers/promises'
import type { Content } from '../../core/digests/content.js'
import type { WriterWatch } from '../../core/digests/writers.js'
import { BtkitError } from '../../errors.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { tryReadLeasesAsync } from '../../files/open-writers/lease.js'
import { watchWrites } from '../../files/open-writers/watch.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import { NotReady } from '../../server/answers/refusal.js'
import { LOOKS, QUIET_PERIOD } from './recent-writes.js'

/**
 * Waits for a while for files that are open for writing, because writes may leave no trace.
 * @throws NotReady naming a file that is still open
 */
export async function waitForWriters(
  content: Content,
  files: readonly ScannedFile[],
  signal: AbortSignal,
): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    signal.throwIfAborted()
    const [open] = (await findStates(files))['open for writing']
    if (!open) return
    if (look === LOOKS - 1) throw new NotReady(describe(content, open), 10)
    await setTimeout(QUIET_PERIOD)
  }
}

/**
 * Refuses files that are open for writing. Files for which this is unknown are watched: if a write
 * to one ends during the reading, the reading is invalid.
 */
export async function refuseWriters(files: readonly ScannedFile[]): Promise<WriterWatch> {
  const states = await findStates(files)
  for (const { absolutePath } of states['open for writing']) throw written(absolutePath)
  const watch = await watchWrites(states.unable.map(({ absolutePath }) => absolutePath))
  const check = () => {
    for (const path of watch.written()) throw written(path)
  }
  return { openForWriting: new Set(), check, close: () => watch.close() }
}

function written(path: string): BtkitError {
  return new BtkitError('changed', `${path}: written to while it was read`)
}

async function findStates(files: readonly ScannedFile[]) {
  const states = await tryReadLeasesAsync(files.map(({ absolutePath }) => absolutePath))
  const inState = (state: (typeof states)[number]) => files.filter((_, i) => states[i] === state)
  return { 'open for writing': inState('open for writing'), unable: inState('unable') }
}

function describe({ name, isDirectory }: Content, { path }: ScannedFile): string {
  const components = isDirectory ? [name, ...path] : path
  return `${formatMirrorPath(components)}: open for writing; try again in 10 s`
}
