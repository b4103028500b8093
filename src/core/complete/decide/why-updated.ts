import { latin1 } from '../../../base/bytes.js'
import { changedFacts } from '../../../metainfo/facts.js'
import { FIELDS } from '../../../metainfo/fields.js'
import { eachFile, hasSameInfo, type Metainfo } from '../../../metainfo/metainfo.js'
import { SHA1 } from '../../../metainfo/sizes.js'
import { isSameCreator } from './unchanged.js'

/** Most files that are compared, and that a reason names. */
const MOST_COMPARED = 10_000
const MOST_NAMED = 3

/**
 * Says why a torrent was made again, by what differs from the one before, which may be no torrent:
 * options, the piece length, and files.
 */
export function whyUpdated(before: Metainfo | null, after: Metainfo): string {
  if (before === null) return 'there was no valid torrent'
  const isIncidental = (name: string) =>
    /^infoHash|^creationDate$/.test(name) ||
    (name === 'createdBy' && isSameCreator(before.createdBy, after.createdBy))
  const options = changedFacts(before, after).flatMap(({ name, label }) => {
    if (isIncidental(name)) return []
    return [(name in FIELDS && FIELDS[name as keyof typeof FIELDS].option) || label]
  })
  if (before.pieceLength !== after.pieceLength) options.push('piece length')
  if (before.version !== after.version) options.push('version')
  const files = hasSameInfo(before, after) ? [] : changedFiles(before, after)
  const more = files.length - MOST_NAMED
  const named = more > 0 ? [...files.slice(0, MOST_NAMED), `${more} more`] : files
  return [...options, ...named].join(', ') || 'other keys'
}

function changedFiles(before: Metainfo, after: Metainfo): string[] {
  if (Math.max(before.fileList.count, after.fileList.count) > MOST_COMPARED) return ['files']
  const isSameVersion = before.version === after.version
  const hasLikePieces = isSameVersion && before.pieceLength === after.pieceLength
  // Behind a file of another length, pieces of version 1 are others, too
  for (const digests of isSameVersion ? (['roots', 'pieces'] as const) : (['none'] as const)) {
    if (digests === 'pieces' && !hasLikePieces) break
    const [old, now] = [filesOf(before, digests), filesOf(after, digests)]
    const changes = [...new Set([...now.keys(), ...old.keys()])].flatMap((path) => {
      if (old.get(path) === now.get(path)) return []
      const verb = !old.has(path) ? 'added' : now.has(path) ? 'changed' : 'removed'
      return [`${path} ${verb}`]
    })
    if (changes.length > 0) return changes
  }
  return []
}

/** The files without padding, each with its length and the digests by which its content is known. */
function filesOf(metainfo: Metainfo, by: 'none' | 'roots' | 'pieces'): Map<string, string> {
  const { tree, pieces, pieceLength } = metainfo
  const roots = new Map<string, Uint8Array | null>()
  for (const { file, piecesRoot } of (by !== 'none' && tree) || [])
    roots.set(file.path.join('/'), piecesRoot)
  const files = new Map<string, string>()
  let start = 0
  for (const { path, length, padding } of eachFile(metainfo)) {
    const [name, end] = [path.join('/'), start + length]
    const [first, behind] = [Math.floor(start / pieceLength), Math.ceil(end / pieceLength)]
    const own = by === 'pieces' ? pieces?.subarray(SHA1 * first, SHA1 * behind) : null
    const digests = roots.get(name) ?? own ?? new Uint8Array()
    if (!padding) files.set(name, `${length} ${latin1(digests)}`)
    start = end
  }
  return files
}
