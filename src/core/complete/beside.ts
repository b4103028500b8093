import { encodeParts } from '../../metainfo/build/torrent.js'
import type { Content } from '../digests/content.js'
import { settleDate } from '../make/make-torrent.js'
import type { CommonRequest, CompleteRun } from './request.js'

/** Encoded values by their keys, as encodeParts makes them. */
type Beside = ReadonlyMap<string, Uint8Array>

/**
 * What goes beside the `info` of a torrent. Torrents of a run that have the same date have the very
 * same map: to encode it anew for each of very many would take as long as to read a small file.
 */
export function besideOf({ run, content }: { run: CompleteRun; content: Content }): Beside {
  const { parts, creationDate } = run.request.common
  const date = settleDate(creationDate, content)
  const last = lastOf.get(parts)
  if (last?.date === date) return last.beside
  const beside = encodeParts({ ...parts, creationDate: date })
  lastOf.set(parts, { date, beside })
  return beside
}

const lastOf = new WeakMap<CommonRequest['parts'], { date: number | null; beside: Beside }>()
