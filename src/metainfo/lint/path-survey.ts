import { Buffer } from 'node:buffer'
import { eachFile, type Metainfo, type MetainfoFile } from '../metainfo.js'
import { isAbove } from '../name.js'

/** The limit of Linux in bytes: 4,096 including the final NUL. */
export const LONGEST_PATH = 4095

/** Facts about a torrent's paths that the rules need; the paths of a million files are not kept. */
export interface PathSurvey {
  /**
   * The names to which a rule may apply, each once: first the torrent's, then those of directories
   * and files in file order.
   */
  readonly unusualNames: ReadonlySet<string>
  readonly links: readonly MetainfoFile[]
  /** Paths that are too long, including the torrent's name. */
  readonly longPaths: readonly string[]
  /** Paths with a name that some file and some directory have. */
  readonly pathsOfBoth: readonly string[][]
  /** Paths with a name of which there is another spelling, for systems that ignore case. */
  readonly pathsOfSpellings: readonly string[][]
}

const surveys = new WeakMap<Metainfo, PathSurvey>()

/** Surveys the paths of a torrent, once for all rules. */
export function surveyPaths(metainfo: Metainfo): PathSurvey {
  const known = surveys.get(metainfo)
  if (known) return known
  const survey = new Surveyor(metainfo)
  surveys.set(metainfo, survey)
  return survey
}

/** The form of a name on systems that ignore case and Unicode normalization. */
export function foldName(name: string): string {
  if (!CHANGEABLE.test(name)) return name
  return name.normalize('NFC').toLowerCase().normalize('NFC')
}

/** Other names are their own folded form. */
const CHANGEABLE = /[A-Z]|[^\0-\x7f]/

/**
 * A name to which no rule applies. It begins with none of the words of Windows's devices, which
 * have their own rule, and is far from too long.
 */
const USUAL = /^(?!con|prn|aux|nul|com|lpt)[\w+-](?:[\w.+~,=@ -]{0,200}[\w+~-])?$/i

class Surveyor implements PathSurvey {
  readonly unusualNames = new Set<string>()
  readonly links: MetainfoFile[] = []
  readonly longPaths: string[] = []
  readonly pathsOfBoth: string[][] = []
  readonly pathsOfSpellings: string[][] = []
  readonly #directories = new Set<string>()
  /** A spelling of each name that is not its folded form; null if there are several. */
  readonly #spellings = new Map<string, string | null>()
  readonly #filesLikeDirectories = new Set<string>()
  #last: readonly string[] = []
  /** Whether a file was followed by one below its path. */
  #hasBoth = false

  constructor(metainfo: Metainfo) {
    const { name, isDirectory, fileList } = metainfo
    const files = eachFile(metainfo)
    this.#addName(name)
    for (const file of files) {
      if (file.attr.includes('l')) this.links.push(file)
      if (!file.padding) this.#addPath(file.path, isDirectory ? name : null)
    }
    // In a sorted list a directory is behind the file of its path
    const areCompared = fileList.isSorted && this.#spellings.size === 0
    if (areCompared && !this.#hasBoth) return
    for (const { path, padding } of files) if (!padding) this.#compareNames(path)
    if (this.#filesLikeDirectories.size === 0 && !this.#hasSpellings()) return
    for (const { path, padding } of files) if (!padding) this.#choose(path)
  }

  #addPath(path: readonly string[], name: string | null): void {
    for (const [at, component] of path.entries()) {
      const isFile = at === path.length - 1
      // Most files are in the directory of the one before
      if (!isFile && at < this.#last.length - 1 && component === this.#last[at]) continue
      if (!isFile) this.#directories.add(component)
      this.#addName(component)
    }
    this.#hasBoth ||= this.#last.length > 0 && isAbove(this.#last, path)
    this.#last = path
    const whole = name === null ? path : [name, ...path]
    const units = whole.reduce((sum, { length }) => sum + length + 1, 0)
    if (units * BYTES_OF_A_UNIT <= LONGEST_PATH) return
    const text = whole.join('/')
    if (Buffer.byteLength(text) > LONGEST_PATH) this.longPaths.push(text)
  }

  #addName(name: string): void {
    if (!USUAL.test(name)) this.unusualNames.add(name)
    const folded = foldName(name)
    if (folded === name) return
    const known = this.#spellings.get(folded)
    this.#spellings.set(folded, known === undefined || known === name ? name : null)
  }

  #compareNames(path: readonly string[]): void {
    const name = path.at(-1) ?? ''
    if (this.#directories.has(name)) this.#filesLikeDirectories.add(name)
    if (this.#spellings.size === 0) return
    for (const component of path) {
      if (this.#spellings.has(component)) this.#spellings.set(component, null)
    }
  }

  #hasSpellings(): boolean {
    for (const spelling of this.#spellings.values()) if (spelling === null) return true
    return false
  }

  #choose(path: string[]): void {
    if (path.some((name) => this.#filesLikeDirectories.has(name))) this.pathsOfBoth.push(path)
    if (path.some((name) => this.#spellings.get(foldName(name)) === null)) {
      this.pathsOfSpellings.push(path)
    }
  }
}

/** The most bytes of UTF-8 for a unit of UTF-16. */
const BYTES_OF_A_UNIT = 3
