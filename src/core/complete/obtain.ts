import { checkTarget } from '../../files/write/check-target.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { obtainInfo, recallInfo } from '../digests/info.js'
import { isEqual } from './existing-torrent.js'
import type { Obtained, UndecidedTorrent } from './torrent-decision.js'
import type { TargetDirectory } from './targets.js'
import { infoInputOf } from './unchanged.js'

const NOTHING = new Uint8Array(0)

/**
 * Obtains what a torrent is made of, by reading content where that is not known.
 * @throws BtkitError when the content can't be read or the torrent could not be written
 */
export function obtain(entry: UndecidedTorrent): Promise<Obtained> {
  const { infoRequest, run } = entry
  const { hashContext, request } = run
  if (request.dryRun) {
    const recalled = recallInfo(infoRequest, hashContext.cacheAccess)
    return Promise.resolve(withCore(entry, 'info' in recalled ? recalled : null, 0))
  }
  checkPlace(entry)
  return obtainInfo(infoRequest, hashContext).then((core) => {
    const { bytesHashed, isSettled } = core
    forgetOldInfo(entry)
    const obtained = withCore(entry, core, bytesHashed)
    return isSettled ? obtained : { ...obtained, input: NOTHING }
  })
}

/** Files of a directory that changed are never again what they were: its old `info` is of no use. */
function forgetOldInfo({ record, infoRequest, run }: UndecidedTorrent): void {
  const old = record && infoInputOf(record.input)
  if (!old || !infoRequest.content.isDirectory || isEqual(old, infoRequest.input)) return
  run.hashContext.cacheAccess.cache.forgetInfo(old)
}

/** The directories in which a file could be made. */
const writable = new WeakSet<TargetDirectory>()

/** Finds out, before hours of hashing, that a torrent could not be written in the end. */
function checkPlace({ path, existing, target }: UndecidedTorrent): void {
  if (!existing && writable.has(target)) return
  checkTarget(path, {})
  if (!existing) writable.add(target)
}

/** An entry for whose torrent nothing is needed. */
export function unread(entry: UndecidedTorrent): Obtained {
  return withCore(entry, null, 0)
}

/** Spelled out, as there may be very many, and copying an object costs several times as much. */
export function withCore(
  entry: UndecidedTorrent,
  core: TorrentCore | null,
  bytesHashed: number,
): Obtained {
  const { target, file, path, source, input, run, record, existing, content, infoRequest } = entry
  return {
    target,
    file,
    path,
    source,
    input,
    run,
    record,
    existing,
    content,
    infoRequest,
    core,
    bytesHashed,
  }
}
