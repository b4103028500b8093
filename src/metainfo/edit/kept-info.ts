import type { BencodeDict } from '../bencode/value.js'
import type { UnhashedMetainfo } from '../metainfo.js'

/** The keys of `info` that say what the content is, in one version or the other. */
const CONTENT_KEYS = [
  'attr',
  'file tree',
  'files',
  'length',
  'meta version',
  'name',
  'piece length',
  'pieces',
  'symlink path',
]

/** What `info` says beside its content: private, source and unknown keys, as they stand. */
export function keptInfo({ info }: UnhashedMetainfo): BencodeDict {
  return new Map([...info].filter(([key]) => !CONTENT_KEYS.includes(key)))
}
