import { GLOBSTAR } from 'minimatch'
import { mapLimited } from '../../base/concurrency.js'
import { BtkitError } from '../../base/errors.js'
import { compileGlob } from '../../disk/scan/glob.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { isPlainName } from '../../metainfo/name.js'
import { NotReady, Refusal } from '../../server/headers/refusal.js'
import { isNameable, LOOKS_AT_ONCE, type Mirror, MirrorView } from '../tree/mirror.js'
import { type MirrorSearch, walkMirror } from '../tree/walk.js'

/** Most components of a pattern and levels of directories; no mirror is that deep. */
const MAX_DEPTH = 100

/**
 * A part of a pattern, which is any directories or a name that fits; and the parts after it, if
 * any.
 */
interface PatternPart {
  readonly fits: typeof GLOBSTAR | ((name: string) => boolean)
  readonly next: PatternPart | null
}

/**
 * The rests of all patterns after the components of a path: the states of a matcher. Null is the
 * rest of a pattern that the whole path matches.
 */
export type PatternRests = readonly (PatternPart | null)[]

/**
 * Compiles globs for the paths of files on a mirror, from its root. `**` stands for any directories
 * on the way, or for all files below one. A leading dot is matched only by a dot.
 * @throws BtkitError `usage` if a pattern cannot match any file
 */
export function compilePatterns(patterns: readonly string[]): PatternRests {
  return patterns.flatMap(compilePattern)
}

/**
 * The rests that a name leads to from others. A link to a directory is followed only if its own
 * component matches it, not by `**`, because links may be circular.
 */
export function followName(rests: PatternRests, name: string, isLink = false): PatternRests {
  const follow = (part: PatternPart | null): PatternRests => {
    if (part?.fits !== GLOBSTAR) return part?.fits(name) ? [part.next] : []
    const stays = isLink || !isShown(name) ? [] : [part]
    return [...stays, ...follow(part.next)]
  }
  return [...new Set(rests.flatMap(follow))]
}

/** Whether patterns match a file that is reached through no link. */
export function matches(patterns: PatternRests, path: readonly string[]): boolean {
  return path.reduce((rests, name) => followName(rests, name), patterns).includes(null)
}

/**
 * Whether patterns match all files below a directory, except hidden ones and those behind links.
 */
export function coversAll(patterns: PatternRests, directory: readonly string[]): boolean {
  const rests = directory.reduce((before, name) => followName(before, name), patterns)
  return rests.some((rest) => rest?.fits === GLOBSTAR && rest.next?.fits === isShown)
}

/**
 * Finds the files of a mirror that match, some at a time. Leaves out empty ones, which have no
 * torrent. `unread` receives the paths of directories and files that exist but cannot be read now.
 * @throws the signal's reason
 */
export async function* findMatching(
  mirror: Mirror,
  patterns: PatternRests,
  signal: AbortSignal,
  unread: string[],
): AsyncGenerator<readonly ScannedFile[]> {
  const view = new MirrorView(mirror)
  const passOver = (error: unknown, path: readonly string[]) => {
    signal.throwIfAborted()
    if (error instanceof NotReady || !(error instanceof Refusal)) unread.push(path.join('/'))
    return null
  }
  const search: MirrorSearch<PatternRests> = {
    isWanted: (name, _, rests) => isNameable(name) && followName(rests, name).length > 0,
    enter: (path, rests, isLink) => {
      const next = followName(rests, path.at(-1) ?? '', isLink)
      return next.some((rest) => rest !== null) && path.length < MAX_DEPTH ? next : null
    },
    passOver,
    pause: () => {
      signal.throwIfAborted()
      return null
    },
    // A pattern leads only as deep as its components, and `**` follows no links
    mayLoop: true,
  }
  for await (const { names, place } of walkMirror(view, { path: [], state: patterns }, search)) {
    const matching = names.filter((name) => followName(place.state, name).includes(null))
    const found = await mapLimited(matching, LOOKS_AT_ONCE, (name) => {
      const path = [...place.path, name]
      return view.file(path).catch((error: unknown) => passOver(error, path))
    })
    yield found.filter((file) => file !== null).filter(({ fingerprint }) => fingerprint.size > 0)
  }
}

/** Why a pattern can match no file, and what to do; null if it can. */
export function patternFault(pattern: string): string | null {
  try {
    compilePattern(pattern)
    return null
  } catch (error) {
    if (error instanceof BtkitError) return error.message
    throw error
  }
}

const NO_FILE = 'matches no file; use DIRECTORY/** for all files below one'

/** The alternatives of a pattern's braces. */
function compilePattern(pattern: string): PatternPart[] {
  const wrong = (why: string) => new BtkitError('usage', why)
  const components = pattern.split('/').filter((component) => component !== '')
  if (components.length === 0 || pattern.endsWith('/')) throw wrong(NO_FILE)
  // A backslash escapes the next character
  const odd = components.find((component) => !isPlainName(component.replaceAll('\\', '_')))
  if (odd !== undefined) throw wrong(`'${odd}' is not a file name; correct the pattern`)
  return compileGlob(pattern, false).set.map((parts) => {
    const path = parts[0] === '' ? parts.slice(1) : parts
    if (path.length === 0 || path.at(-1) === '') throw wrong(NO_FILE)
    if (path.length > MAX_DEPTH) throw wrong(`has more than ${MAX_DEPTH} components; use fewer`)
    const last = path.at(-1) === GLOBSTAR ? { fits: isShown, next: null } : null
    const compiled = path.reduceRight<PatternPart | null>((next, part) => {
      if (typeof part === 'string') return { fits: (name) => name === part, next }
      return { fits: part === GLOBSTAR ? part : (name) => part.test(name), next }
    }, last)
    if (!compiled) throw wrong(NO_FILE)
    return compiled
  })
}

function isShown(name: string): boolean {
  return !name.startsWith('.')
}
