import { encodeBencode } from '../../metainfo/bencode/encode.js'
import type { BencodeDict } from '../../metainfo/bencode/value.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { MADE_INFO_KEYS } from '../../metainfo/other-keys.js'
import type { Content } from '../digests/content.js'
import type { InfoOptions } from '../digests/info.js'
import { otherEntries } from '../../metainfo/edit/splice-torrent.js'
import { withoutPads } from '../digests/pad-files.js'

/** A rule that determines an `info` besides the content. */
export type InfoRule =
  | 'piece length'
  | 'version'
  | 'private flag'
  | 'source tag'
  | 'pad files'
  | 'file order'
  | 'file attributes'
  | 'further keys'

/** Decides what a run changes in btkit's torrents while their content is unchanged. */
export interface ExistingRules {
  /** The rules that the command line names: torrents that follow other rules are remade. */
  readonly asked: readonly InfoRule[]
  /** Whether to remake torrents that follow other rules in any case. */
  readonly remake: boolean
  /**
   * Whether torrents keep their trackers, because the command line names neither a tracker nor
   * none.
   */
  readonly keepTrackers: boolean
}

/** Keys of `info` that follow from the content, or from a rule for that key. */
const OWN_KEYS: ReadonlySet<string> = new Set([...MADE_INFO_KEYS, 'attr'])

/** Returns the rules by which the `info` of an existing torrent would change. */
export function otherRules(metainfo: Metainfo, content: Content, options: InfoOptions): InfoRule[] {
  const listed = metainfo.files.filter(({ padding }) => !padding)
  const wanted = Array.from(withoutPads(content.files), ({ path, attributes }) => {
    return { path, attr: attributes }
  })
  const further = otherEntries(metainfo, OWN_KEYS)
  const isOther: Record<InfoRule, boolean> = {
    'piece length': metainfo.pieceLength !== content.pieceLength,
    version: metainfo.version !== content.version,
    'private flag': metainfo.private !== options.private,
    'source tag': metainfo.source !== options.sourceTag,
    // Those of version 2 are only in the content
    'pad files':
      metainfo.version === content.version &&
      metainfo.version !== 'v2' &&
      listed.length < metainfo.files.length !== wanted.length < content.files.length,
    'file order': pathsOf(listed) !== pathsOf(wanted),
    'file attributes': attributesOf(listed) !== attributesOf(wanted),
    'further keys': keysOf(further) !== keysOf(options.extraKeys),
  }
  return (Object.keys(isOther) as InfoRule[]).filter((rule) => isOther[rule])
}

/**
 * Whether a new `info` was requested: with --remake for any rule, else for a rule on the command
 * line.
 */
export function isRemakeAsked(rules: readonly InfoRule[], existing: ExistingRules): boolean {
  return existing.remake || rules.some((rule) => existing.asked.includes(rule))
}

interface Listed {
  readonly path: readonly string[]
  /** Attribute letters of BEP 47; absent or empty if there are none. */
  readonly attr?: string | undefined
}

function pathsOf(files: readonly Listed[]): string {
  return files.map(({ path }) => path.join('/')).join('\n')
}

function attributesOf(files: readonly Listed[]): string {
  const marked = files.filter(({ attr }) => attr)
  return marked
    .map(({ path, attr = '' }) => `${path.join('/')}\0${attr}`)
    .sort()
    .join('\n')
}

function keysOf(keys: BencodeDict | undefined): string {
  return keys?.size ? Buffer.from(encodeBencode(keys)).toString('latin1') : ''
}
