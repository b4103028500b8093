import type { Content } from '../../core/digests/content.js'
import { loadNameFilter } from '../../disk/scan/entry.js'
import type { Io } from '../io.js'
import { reportWarning } from './messages.js'

export interface NamePatterns {
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** A comma before another glob, outside of braces: the list of mktorrent and mkbrr. */
const LIST = /^[^{}]*,\s*[*.][^{}]*$/

/**
 * Warns about globs that were meant as a list. They match nothing, so files would be published that
 * nobody wants to be.
 */
export function warnOfLists(patterns: NamePatterns, io: Io): void {
  for (const name of NAMES) {
    const list = patterns[name].find((glob) => LIST.test(glob))
    if (list !== undefined) reportWarning(`--${name} '${list}': ${adviceFor(name, list)}`, io)
  }
}

const NAMES = ['include', 'exclude'] as const

function adviceFor(name: string, list: string): string {
  return `give --${name} once for each glob, or write '{${list}}'`
}

/** Warns about typed globs that match nothing in any of the sources of a command. */
export class UnmatchedPatterns {
  #left: NamePatterns

  constructor(
    { include, exclude }: NamePatterns,
    private readonly io: Io,
  ) {
    this.#left = { include, exclude }
  }

  /** Notes the content of a source. `isLast` says that no other source follows. */
  async note(content: Content, isLast: boolean): Promise<void> {
    const { include, exclude } = this.#left
    if (include.length + exclude.length === 0) return
    const skipped = content.skipped.flatMap(({ path }) => {
      // Globs see a name that is not UTF-8 as Node reads it
      return [path, `${path}/`, path.replaceAll(/\\x[\da-f]{2}/g, '\ufffd')]
    })
    const files = Array.from(content.files, ({ path }) => withParents(path)).flat()
    this.#left = {
      include: await unmatched(include, [...files, ...skipped]),
      exclude: await unmatched(exclude, skipped),
    }
    if (!isLast) return
    for (const name of NAMES) {
      for (const glob of this.#left[name]) {
        // Globs are relative to the source; people often begin with its name
        const isBelow = glob.startsWith(`${content.name}/`)
        const below = isBelow ? `; leave out '${content.name}/' at its beginning` : ''
        const advice = LIST.test(glob) ? `; ${adviceFor(name, glob)}` : below
        reportWarning(`--${name} '${glob}': nothing matches it${advice}`, this.io)
      }
    }
  }
}

/** A file's path, and those of the directories that it is in. */
function withParents(path: readonly string[]): string[] {
  return path.map((_, at) => {
    const isFile = at === path.length - 1
    return path.slice(0, at + 1).join('/') + (isFile ? '' : '/')
  })
}

async function unmatched(globs: readonly string[], paths: readonly string[]): Promise<string[]> {
  const left = await Promise.all(
    globs.map(async (glob) => {
      const filter = await loadNameFilter({ include: [], exclude: [glob] })
      return paths.some((path) => filter?.excludes(path)) ? [] : [glob]
    }),
  )
  return left.flat()
}
