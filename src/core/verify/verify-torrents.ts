import { setImmediate } from 'node:timers/promises'
import { refuseAborted } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { countingFrom } from '../digests/hash-groups.js'
import type { VerifyContext } from './judge.js'
import { NamesByForm } from './like-names.js'
import type { VerifyReport } from './verify-report.js'
import { bytesToRead, planVerify, verifyTorrent, type VerifyRequest } from './verify-torrent.js'

/** A torrent to check, and the place of its content; see VerifyRequest. */
type TorrentPlace = Pick<VerifyRequest, 'torrent' | 'path' | 'byName' | 'access'>

/** Torrents to check one after another, and how. */
export interface VerifyRun extends Pick<
  VerifyRequest,
  'checkHashes' | 'extra' | 'followSymlinks' | 'rawNames'
> {
  readonly places: readonly TorrentPlace[]
  /** Reads a torrent. Its error is the outcome of that torrent. */
  readonly read: (torrent: string) => Promise<Metainfo>
  /** Called before reading begins, with the number of bytes to read of all torrents. */
  readonly begin?: ((byteCount: number) => Promise<void>) | undefined
}

/** A torrent that was checked. */
export interface VerifiedTorrent {
  readonly torrent: string
  readonly metainfo: Metainfo
  readonly report: VerifyReport
  readonly error: null
}

/** A torrent that could not be checked. */
interface FailedCheck {
  readonly torrent: string
  readonly report: null
  readonly error: Error
}

/** The outcome for a torrent. */
export type VerifyOutcome = VerifiedTorrent | FailedCheck

/**
 * Checks torrents, and yields an outcome for each, in order. A failure does not stop the others.
 * The progress of the hash engine covers all of them.
 * @throws BtkitError `interrupted`
 */
export async function* verifyTorrents(
  run: VerifyRun,
  { engine, ...context }: VerifyContext,
): AsyncGenerator<VerifyOutcome> {
  let bytesBefore = 0
  const { signal, onProgress } = engine
  let { begin } = run
  const likeNames = new NamesByForm()
  const total = begin && run.places.length > 1 ? await measureTorrents(run, signal) : null
  for (const [i, place] of run.places.entries()) {
    await giveTurn(i, signal)
    yield await attempt(place.torrent, signal, async () => {
      const plan = await planOne(place, { ...run, likeNames })
      const byteCount = bytesToRead(plan)
      await begin?.(total ?? byteCount)
      begin = undefined
      const counting = { ...context, engine: countingFrom(bytesBefore, engine) }
      const report = await verifyTorrent(plan, counting)
      bytesBefore += byteCount
      const { torrent } = place
      onProgress?.({ bytesDone: bytesBefore, currentPath: torrent })
      return { torrent, metainfo: plan.request.metainfo, report, error: null }
    })
  }
}

/** Returns the number of bytes to read of all torrents that can be checked. */
async function measureTorrents(run: VerifyRun, signal: AbortSignal): Promise<number> {
  let total = 0
  for (const [i, place] of run.places.entries()) {
    await giveTurn(i, signal)
    await attempt(place.torrent, signal, async () => {
      total += bytesToRead(await planOne(place, { ...run, extra: false }))
    })
  }
  return total
}

/** Lets signals be heard after each 16 torrents: small ones are checked without a wait. */
async function giveTurn(i: number, signal: AbortSignal): Promise<void> {
  if (i % 16 === 0) await setImmediate()
  refuseAborted(signal)
}

async function planOne(
  place: TorrentPlace,
  { read, ...run }: VerifyRun & Pick<VerifyRequest, 'likeNames'>,
) {
  return planVerify({ ...run, ...place, metainfo: await read(place.torrent) })
}

/** Returns the result of `act`, or its failure as the outcome of a torrent. */
async function attempt<T>(
  torrent: string,
  signal: AbortSignal,
  act: () => Promise<T>,
): Promise<T | FailedCheck> {
  try {
    return await act()
  } catch (error) {
    if (signal.aborted) throw error
    return {
      torrent,
      report: null,
      error: error instanceof Error ? error : new Error(String(error)),
    }
  }
}
