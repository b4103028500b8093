import { Buffer } from 'node:buffer'
import { quoteText } from '../../base/text/escape.js'
import { eachFile, type MetainfoFile } from '../metainfo.js'
import { isAbove, isComponent } from '../name.js'
import type { LintRules } from './finding.js'
import { foldName, LONGEST_PATH, surveyPaths } from './path-survey.js'

/** Device names on Windows, with any extension. */
const RESERVED =
  /^(con|prn|aux|nul|com[1-9\u00b9\u00b2\u00b3]|lpt[1-9\u00b9\u00b2\u00b3])\s*(\.|$)/i

/**
 * Characters that Windows refuses in a name. Slashes and backslashes are missing, because the
 * parser warns of them.
 */
const FORBIDDEN = /[<>:"|?*\u0001-\u001f]/

/** Unicode marks, overrides and isolates of direction (UAX 9), which change how a name looks. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Invisible characters, except the control characters in FORBIDDEN. */
const INVISIBLE = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

/** Joiners, variation selectors and tags that are used correctly, in scripts, emoji and flags. */
const JOINING =
  /(?<=[^\0-\x7f])[\u200c\u200d\ufe00-\ufe0f\u{e0100}-\u{e01ef}]|\ufe0f(?=\u20e3)|(?<=\u{1f3f4})[\u{e0061}-\u{e007a}]{3,6}\u{e007f}/gu

/** The limit of most file systems, in bytes. */
const LONGEST_NAME = 255

/** Separates path components. It sorts before all other characters. */
const SEPARATOR = '\0'

/** A path, and its form on systems that ignore case and Unicode normalization. */
interface FoldedPath {
  readonly path: readonly string[]
  readonly folded: readonly string[]
  readonly key: string
}

/**
 * Yields each path with the next one, in the order of their folded forms. Paths that share a folded
 * prefix are adjacent in this order, so every clash is between neighbours.
 */
function* neighbours(
  all: readonly string[][],
  fold: (name: string) => string,
): Generator<[FoldedPath, FoldedPath]> {
  const paths = all.map((path): FoldedPath => {
    const folded = path.map(fold)
    return { path, folded, key: folded.join(SEPARATOR) }
  })
  paths.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  let last: FoldedPath | undefined
  for (const path of paths) {
    if (last) yield [last, path]
    last = path
  }
}

/**
 * Returns the targets that are files or directories of a torrent. Each step from a directory to a
 * name in it has a number, so that a path of very many components needs no text for each directory.
 */
function targetsIn(
  files: Iterable<MetainfoFile>,
  targets: readonly (readonly string[])[],
): Set<readonly string[]> {
  const steps = new Map<string, number>()
  const ends = targets.map((target) => {
    return target.reduce((above, name) => {
      const step = `${above}/${name}`
      const number = steps.get(step) ?? steps.size + 1
      steps.set(step, number)
      return number
    }, 0)
  })
  const taken = new Set<number>()
  for (const { path } of files) {
    let above: number | undefined = 0
    for (const name of path) {
      above = steps.get(`${above}/${name}`)
      if (above === undefined) break
      taken.add(above)
    }
  }
  return new Set(targets.filter((_, i) => taken.has(ends[i] ?? 0)))
}

/** The rules about names and paths, in the order of their findings. */
export const NAME_RULES = {
  /** Finds paths at which the torrent has both a file and a directory. */
  *'file-and-directory'(metainfo) {
    for (const [a, b] of neighbours(surveyPaths(metainfo).pathsOfBoth, (name) => name)) {
      if (isAbove(a.path, b.path)) {
        yield `path ${quoteText(a.path.join('/'))} is both a file and a directory`
      }
    }
  },
  /** Finds symbolic links that lead out of the torrent's directory (BEP 47). */
  *'link-outside'(metainfo) {
    for (const { path, symlinkPath = [] } of surveyPaths(metainfo).links) {
      if (symlinkPath.every(isComponent)) continue
      yield `link ${quoteText(path.join('/'))} leads to ${quoteText(symlinkPath.join('/'))}`
    }
  },
  /** Finds symbolic links without a target, or with a target that the torrent does not have. */
  *'link-to-nothing'(metainfo) {
    const { links } = surveyPaths(metainfo)
    if (links.length === 0) return
    const targets = links.map(({ symlinkPath = [] }) => symlinkPath)
    const known = targetsIn(eachFile(metainfo), targets)
    for (const { path, symlinkPath } of links) {
      const link = `link ${quoteText(path.join('/'))}`
      if (symlinkPath === undefined) yield `${link} does not say where it leads`
      else if (symlinkPath.every(isComponent) && !known.has(symlinkPath)) {
        yield `${link} leads to ${quoteText(symlinkPath.join('/'))}, which the torrent does not have`
      }
    }
  },
  /**
   * Finds names in one directory that differ only in case or Unicode normalization. On macOS they
   * are the same name.
   */
  *'name-clash'(metainfo) {
    const seen = new Set<string>()
    for (const [a, b] of neighbours(surveyPaths(metainfo).pathsOfSpellings, foldName)) {
      const at = a.path.findIndex((component, i) => component !== b.path[i])
      if (at < 0 || a.folded[at] !== b.folded[at]) continue
      const place = b.folded.slice(0, at + 1).join(SEPARATOR)
      if (seen.has(place)) continue
      seen.add(place)
      const [one, other] = [a, b].map(({ path }) => quoteText(path.slice(0, at + 1).join('/')))
      yield `${one} and ${other} are the same where case or Unicode normalisation is ignored`
    }
  },
  /** Finds names that are devices on Windows. */
  *'reserved-name'(metainfo) {
    for (const name of surveyPaths(metainfo).unusualNames) {
      if (RESERVED.test(name)) yield `name ${quoteText(name)} is that of a device on Windows`
    }
  },
  /** Finds names with a character that Windows refuses. */
  *'forbidden-character'(metainfo) {
    for (const name of surveyPaths(metainfo).unusualNames) {
      const [character] = FORBIDDEN.exec(name) ?? []
      if (character === undefined) continue
      yield `name ${quoteText(name)} has ${quoteText(character)}, which Windows refuses`
    }
  },
  /** Finds names with invisible characters, or characters that change the text direction. */
  *'hidden-character'(metainfo) {
    for (const name of surveyPaths(metainfo).unusualNames) {
      const [character] = INVISIBLE.exec(name.replace(JOINING, '')) ?? []
      if (character === undefined) continue
      const why = TURNING.test(character) ? 'changes the direction of text' : "can't be seen"
      yield `name ${quoteText(name)} has ${quoteText(character)}, which ${why}`
    }
  },
  /** Finds names whose end Windows removes. */
  *'trailing-dot-or-space'(metainfo) {
    for (const name of surveyPaths(metainfo).unusualNames) {
      if (/[. ]$/.test(name) && !/^\.\.?$/.test(name)) {
        yield `name ${quoteText(name)} ends with a dot or a space, which Windows drops`
      }
    }
  },
  /** Finds names of more than 255 bytes. */
  *'name-too-long'(metainfo) {
    for (const name of surveyPaths(metainfo).unusualNames) {
      const length = Buffer.byteLength(name)
      if (length > LONGEST_NAME) {
        yield `name ${quoteText(name)} has ${length} bytes, and file systems take ${LONGEST_NAME}`
      }
    }
  },
  /** Finds paths of more than 4,095 bytes, including the torrent's name. */
  *'path-too-long'(metainfo) {
    for (const path of surveyPaths(metainfo).longPaths) {
      const length = Buffer.byteLength(path)
      yield `path ${quoteText(path)} has ${length} bytes, and Linux takes ${LONGEST_PATH}`
    }
  },
} satisfies LintRules
