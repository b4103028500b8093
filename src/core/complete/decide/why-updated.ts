import { changedFiles, changedKeys, infoOf } from '../../../metainfo/compare-swarms.js'
import { lostSignatures } from '../../../metainfo/edit/splice-torrent.js'
import { FIELDS, type TorrentField } from '../../../metainfo/fields.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { isSameCreator } from './unchanged.js'

/** Most files that are compared, and that a reason names. */
const MOST_COMPARED = 10_000
const MOST_NAMED = 3

/** The cause of a changed key, in the words of a reason. */
const CAUSES = new Map(
  Object.values(FIELDS).map((field: TorrentField) => {
    return [field.key, field.option ?? field.labelOfEdits ?? field.label]
  }),
).set('piece length', 'piece length')

/**
 * Says why a torrent was made again, by what differs from the one before, which may be no torrent:
 * options, the piece length, and files. `isNewer` is whether a file changed since the one before;
 * of those that did not, but are in other pieces, it says only that they share them.
 */
export function whyUpdated(
  before: Metainfo | null,
  after: Metainfo,
  isNewer: (path: string) => boolean,
): string {
  if (before === null) return 'there was no valid torrent'
  const isIncidental = (key: string) =>
    key === 'creation date' ||
    (key === 'created by' && isSameCreator(before.createdBy, after.createdBy))
  const keys = changedKeys(before, after).filter((key) => !isIncidental(key))
  const isSame = !keys.includes('info')
  if (!isSame) keys.push(...changedKeys(infoOf(before), infoOf(after)))
  const options = keys.flatMap((key) => CAUSES.get(key) ?? [])
  if (before.version !== after.version) options.push('version')
  const files = isSame ? [] : describeFiles(before, after, isNewer)
  return [...options, ...files, ...lostSignatures(before, after)].join(', ') || 'other keys'
}

function describeFiles(
  old: Metainfo,
  now: Metainfo,
  isNewer: (path: string) => boolean,
): readonly string[] {
  if (Math.max(old.fileList.count, now.fileList.count) > MOST_COMPARED) return ['files']
  const all = changedFiles(old, now)
  const sharing = all.filter((file) => file.old === file.now && !isNewer(file.path))
  // Times may be set, and then nothing tells which of them changed
  const isKnown = sharing.length < all.length
  const named = (isKnown ? all.filter((file) => !sharing.includes(file)) : all).map((file) => {
    return `${file.path} ${file.old === null ? 'added' : file.now === null ? 'removed' : 'changed'}`
  })
  const more = named.length - MOST_NAMED
  const shown = more > 0 ? [...named.slice(0, MOST_NAMED), `${more} more`] : named
  if (!isKnown || sharing.length === 0) return shown
  const whose = named.length === 1 ? 'its' : 'their'
  const few = sharing.map(({ path }) => path).join(', ')
  const which = sharing.length > MOST_NAMED ? `${sharing.length} files` : few
  const verb = sharing.length === 1 ? 'shares' : 'share'
  return [`${shown.join(', ')}; ${which} ${verb} ${whose} pieces`]
}
