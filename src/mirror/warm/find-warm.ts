import type { Minimatch } from 'minimatch'
import { mapLimited } from '../../concurrency.js'
import { BtkitError } from '../../errors.js'
import { compileGlob } from '../../files/glob.js'
import type { ScannedFile } from '../../files/scanned-file.js'
import { isPlainName } from '../../metainfo/name.js'
import { NotReady, Refusal } from '../../server/answers/refusal.js'
import { isNameable, isWithheld, LOOKS_AT_ONCE, type Mirror, MirrorView } from '../tree/mirror.js'
import { type MirrorSearch, walkMirror } from '../tree/walk.js'

/** Most components of a pattern and levels of directories; no mirror is that deep. */
const MAX_DEPTH = 100

/** A search for the files that match patterns. */
interface WarmSearch {
  readonly patterns: PathPatterns
  readonly signal: AbortSignal
  /** Receives directories and files that exist but cannot be read now. */
  readonly unread: (readonly string[])[]
}

/**
 * Finds files, some at a time. Leaves out empty ones, which have no torrent.
 * @throws the signal's reason
 */
export async function* findWarm(
  mirror: Mirror,
  { patterns, signal, unread }: WarmSearch,
): AsyncGenerator<readonly ScannedFile[]> {
  const view = new MirrorView(mirror)
  const follow = (path: readonly string[], places: WarmPlaces, isLink = false) => {
    return patterns.follow(places, path.at(-1) ?? '', isLink)
  }
  const walk: MirrorSearch<WarmPlaces> = {
    isWanted: (path, places) => {
      if (!isNameable(path.at(-1) ?? '') || isWithheld(path, mirror)) return false
      return follow(path, places).length > 0
    },
    enter: (path, places, isLink) => {
      const next = follow(path, places, isLink)
      return patterns.canGoOn(next) && path.length < MAX_DEPTH ? next : null
    },
    passOver: (error, path) => {
      signal.throwIfAborted()
      if (error instanceof NotReady || !(error instanceof Refusal)) unread.push(path)
    },
    pause: () => {
      signal.throwIfAborted()
      return null
    },
    // A pattern leads only as deep as its components, and `**` follows no links
    mayLoop: true,
  }
  for await (const { paths, state } of walkMirror(
    view,
    { path: [], state: patterns.start },
    walk,
  )) {
    const matching = paths.filter((path) => patterns.isMatch(follow(path, state)))
    const found = await mapLimited(matching, LOOKS_AT_ONCE, (path) => {
      return view.file(path).catch((error: unknown) => {
        walk.passOver(error, path)
        return null
      })
    })
    yield found.filter((file) => file !== null).filter(({ fingerprint }) => fingerprint.size > 0)
  }
}

const NO_FILE = 'matches no file; use DIRECTORY/** for all files below one'

/** A part of a pattern: any directories, a name that fits, or the end. */
type PatternPart = 'directories' | 'end' | ((name: string) => boolean)

/** The places in all patterns after the components of a path: the states of a matcher. */
export type WarmPlaces = readonly number[]

/**
 * Globs for the paths of files on a mirror, from its root. `**` stands for any directories on the
 * way, or for all files below one. A leading dot is matched only by a dot.
 */
export class PathPatterns {
  readonly #places: readonly PatternPart[]
  /** The parts where paths begin, at the root. */
  readonly start: WarmPlaces

  /** @throws BtkitError `usage` if a pattern cannot match any file */
  constructor(patterns: readonly string[]) {
    const places = patterns.flatMap(compilePattern)
    this.#places = places.flat()
    const firsts = places.map((_, i) => places.slice(0, i).flat().length)
    this.start = this.#spread(firsts)
  }

  /**
   * The parts that a name leads to from others. A link to a directory is followed only if its own
   * component matches it, not by `**`, because links may be circular.
   */
  follow(from: WarmPlaces, name: string, isLink = false): WarmPlaces {
    const next = from.flatMap((at) => {
      const place = this.#places[at]
      if (place === 'directories') return isLink || name.startsWith('.') ? [] : [at]
      return typeof place === 'function' && place(name) ? [at + 1] : []
    })
    return this.#spread(next)
  }

  /** Whether a path that led to these parts matches. */
  isMatch(places: WarmPlaces): boolean {
    return places.some((at) => this.#places[at] === 'end')
  }

  /** Whether a longer path can match from these parts. */
  canGoOn(places: WarmPlaces): boolean {
    return places.some((at) => this.#places[at] !== 'end')
  }

  /** Adds the parts after each `**`, which may stand for no directory. */
  #spread(places: readonly number[]): WarmPlaces {
    const all = places.flatMap((at) => (this.#places[at] === 'directories' ? [at, at + 1] : [at]))
    return [...new Set(all)]
  }
}

/**
 * Makes sure that a pattern can match files.
 * @throws BtkitError `usage`
 */
export function checkPattern(pattern: string): string {
  compilePattern(pattern)
  return pattern
}

/** The alternatives of a pattern's braces, each as its parts. */
function compilePattern(pattern: string): PatternPart[][] {
  const wrong = (why: string) => new BtkitError('usage', `--warm '${pattern}': ${why}`)
  const components = pattern.split('/').filter((component) => component !== '')
  if (components.length === 0 || pattern.endsWith('/')) throw wrong(NO_FILE)
  const odd = components.find((component) => !isPlainPart(component))
  if (odd !== undefined) throw wrong(`'${odd}' is not a file name; correct the pattern`)
  const { set } = compileGlob(pattern, { hidden: false })
  return set.map((parts) => {
    const path = parts[0] === '' ? parts.slice(1) : parts
    if (path.length === 0 || path.at(-1) === '') throw wrong(NO_FILE)
    if (path.length > MAX_DEPTH) throw wrong(`has more than ${MAX_DEPTH} components; use fewer`)
    const places = path.map(compilePart)
    return [...places, ...(places.at(-1) === 'directories' ? [isShown] : []), 'end']
  })
}

/** A backslash escapes the next character. */
function isPlainPart(component: string): boolean {
  return isPlainName(component.replaceAll('\\', '_'))
}

function compilePart(part: Minimatch['set'][number][number]): PatternPart {
  if (typeof part === 'symbol') return 'directories'
  return typeof part === 'string' ? (name) => name === part : (name) => part.test(name)
}

function isShown(name: string): boolean {
  return !name.startsWith('.')
}
