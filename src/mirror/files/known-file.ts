import { encodeName } from '../../base/percent.js'
import { isRaw } from '../../base/text/raw-path.js'
import { isRacy } from '../../disk/cache/trust.js'
import {
  DEVICE_OFFSET,
  encodeFingerprint,
  type Fingerprint,
} from '../../disk/file-lists/fingerprint.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { asRanged, etagOf, type Ranged } from '../../server/headers/conditional.js'
import { CORS } from '../../server/headers/cors.js'
import { Refusal } from '../../server/headers/refusal.js'
import type { ServiceOptions } from '../options.js'
import { namedView, requestPath, viewAddress, type ViewName } from '../tree/address.js'
import type { Look } from '../tree/below-root.js'
import { isWithheld, type Mirror, parseMirrorPlace, SERVICE_NAME } from '../tree/mirror.js'
import type { LookedFile } from '../tree/open-looked.js'

/** The views that describe a file, with their media types (RFC 8288, RFC 6249). */
const DESCRIPTIONS: readonly (readonly [view: ViewName, type: string])[] = [
  ['torrent', 'application/x-bittorrent'],
  ['meta4', 'application/metalink4+xml'],
]

export const VIEWS = DESCRIPTIONS.map(([view]) => view)

/** Milliseconds after which a local file system gives another change another time. */
const CLOCK_TICK = 20

/** A file of the mirror in one state, and its answers. */
export interface KnownFile extends LookedFile {
  isFresh: boolean
  mayGrow: boolean
  /** Its answers, with Repr-Digest if it is known. */
  readonly ranged: Ranged
  readonly file: ScannedFile
  /** Whether it cannot change without a trace, so that it may be kept. */
  readonly isSettled: boolean
  /** When the digest was looked up, and how many were made here by then. */
  digestSeen: { readonly at: number; readonly made: number }
}

/** The properties of a file beside its look. Views that are files themselves are `taken`. */
interface Learned {
  readonly type: string
  readonly taken: readonly ViewName[]
  readonly now: number
}

/** Puts together what the answers for a file contain. */
export function describeFile(
  file: ScannedFile,
  look: Look,
  { type, taken, now }: Learned,
  { mirror, cors }: Pick<ServiceOptions, 'mirror' | 'cors'>,
): KnownFile {
  const { size, mtimeNs } = file.fingerprint
  const hasTorrent = size > 0 && !file.path.some(isRaw)
  const isSettled = !mayChangeUnseen(look, look.fingerprint, now)
  const headers = {
    'Content-Type': type,
    'X-Content-Type-Options': 'nosniff',
    ...(hasTorrent && { Link: linksOf(file, taken) }),
  }
  const isPast = Number(mtimeNs / 1_000_000n) <= now
  const validators = {
    etag: tagOf(look.fingerprint, isSettled),
    lastModified: isPast ? new Date(Number(mtimeNs / 1_000_000n)).toUTCString() : null,
    isDateWeak: isRacy(look.fingerprint, now, 'mtime'),
  }
  return {
    place: mirror,
    path: file.path.join('/'),
    look,
    isFresh: true,
    mayGrow: false,
    file,
    isSettled: isSettled && isPast && !mayChangeUnseen(look, look.parent, now),
    ranged: asRanged({ size, validators }, headers, cors ? CORS : {}),
    digestSeen: { at: -Infinity, made: 0 },
  }
}

/** Whether another change could leave the same state behind. */
function mayChangeUnseen({ waits }: Look, state: Fingerprint, now: number): boolean {
  return isRacy(state, waits !== 0 ? now + 2000 - CLOCK_TICK : now, 'full')
}

/**
 * The tag of a state. It differs if the file was replaced by one of the same size and time. A tag
 * of a state that may still change unseen is weak, and another one than later.
 */
function tagOf(state: Fingerprint, isSettled: boolean): string {
  const tag = etagOf(encodeFingerprint(state).subarray(0, DEVICE_OFFSET))
  return isSettled ? tag : `W/${tag.slice(0, -1)}-new"`
}

/** The names of the views that describe a file. */
export function descriptionsOf(components: readonly string[]): string[] {
  return VIEWS.map((view) => `${components.at(-1) ?? ''}.${view}`)
}

/**
 * The path of an address that can only be that of a file; null for all others, and for names that
 * may stand for a view.
 */
export function fileAddress(url: string, mirror: Mirror): string[] | null {
  if (!url.startsWith('/') || url.endsWith('/') || url.includes('?') || namedView(url)) return null
  try {
    const components = parseMirrorPlace(requestPath(url))
    if (isWithheld(components, mirror) || components.includes(SERVICE_NAME)) return null
    return namedView(components.at(-1) ?? '') ? null : components
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

/**
 * The Link header of an existing file, which names the views that describe it. The addresses are
 * relative, so that they are right behind proxies, too.
 */
function linksOf({ path }: ScannedFile, taken: readonly ViewName[]): string {
  const name = encodeName(path.at(-1) ?? '')
  const links = DESCRIPTIONS.map(([each, type]) => {
    return `<${viewAddress(name, each, taken.includes(each))}>; rel="describedby"; type="${type}"`
  })
  return links.join(', ')
}
