import { encodeBencode } from '../../metainfo/bencode/encode.js'
import { DEFAULT_MAX_DEPTH, readBencode } from '../../metainfo/bencode/read.js'
import { spliceDict, type DictChanges } from '../../metainfo/edit/splice-dict.js'
import type { InfoOptions } from '../digests/info.js'

/**
 * The `info` of the same content with other words beside it: another source tag, and other keys in
 * the place of those of the same name. Nothing needs to be read again for it.
 */
export function reviseInfo(
  info: Uint8Array,
  { sourceTag, extraKeys }: Pick<InfoOptions, 'sourceTag' | 'extraKeys'>,
): Uint8Array {
  const changes = new Map<string, Uint8Array | null>()
  for (const [key, value] of extraKeys ?? []) changes.set(key, encodeBencode(value))
  changes.set('source', sourceTag === null ? null : encodeBencode(Buffer.from(sourceTag)))
  return splice(info, changes)
}

function splice(info: Uint8Array, changes: DictChanges): Uint8Array {
  const { spans } = readBencode(info, { maxSize: info.length, maxDepth: DEFAULT_MAX_DEPTH })
  return spliceDict({ bytes: info, spans }, changes)
}
