import { BtkitError } from '../../errors.js'
import { statIfThere } from '../../files/stat-if-there.js'
import type { OwnFile } from './own-file.js'

/**
 * Makes sure that a torrent which is to get another `info` is not that of another source, which is
 * still there: two runs on one target would replace each other's torrents for ever.
 * @throws BtkitError `exists`
 */
export function requireSameSource({ path, source, record }: OwnFile): void {
  if (!record || record.source === source) return
  const other = statIfThere(record.source)
  if (!other) return
  // One place may be mounted twice, or linked to
  const own = statIfThere(source)
  if (own?.dev === other.dev && own.ino === other.ino) return
  const why = 'that is still there, so its torrent is left (--force replaces it)'
  throw new BtkitError('exists', `${path} was made from ${record.source}: ${why}`)
}
