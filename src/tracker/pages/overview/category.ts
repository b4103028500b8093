import { dirname, relative, sep } from 'node:path'
import { isWithin } from '../../../disk/look/inside.js'
import { encodeName } from '../../../base/percent.js'
import { decodeName } from '../../../base/text/raw-path.js'
import type { Step } from '../../../page-parts/layout.js'
import { sortNaturally } from '../../../base/text/natural-order.js'
import { WORDS } from '../../../page-parts/words.js'
import type { KnownSummary } from '../../allowed/allowed-torrent.js'

/** A directory of torrents with all directories below it. */
export class CatalogueCategory {
  readonly children = new Map<string, CatalogueCategory>()
  /** The number of torrents here and below. */
  torrents = 0
  /** Their size in bytes. */
  size = 0
  /** When the newest of them was added, in milliseconds since 1970; 0 if unknown. */
  newestMs = 0
  /** The path in lower case, which is searched. */
  readonly text: string

  constructor(
    /** The names of the directories that lead here. */
    readonly path: readonly string[],
    /** Whether its torrents are retired. */
    readonly isArchive: boolean,
    readonly parent: CatalogueCategory | null,
  ) {
    this.text = path.join('/').toLowerCase()
  }

  /** The category of a directory, which is created if needed. */
  at(names: readonly string[]): CatalogueCategory {
    return names.reduce<CatalogueCategory>((category, name) => category.#child(name), this)
  }

  #child(name: string): CatalogueCategory {
    const known = this.children.get(name)
    if (known) return known
    const child = new CatalogueCategory([...this.path, name], this.isArchive, this)
    this.children.set(name, child)
    return child
  }

  /** The category of a directory; null if it has no torrents. */
  find(names: readonly string[]): CatalogueCategory | null {
    const [first, ...rest] = names
    if (first === undefined) return this
    return this.children.get(first)?.find(rest) ?? null
  }

  /** The categories in this one, as people sort them. */
  inOrder(): CatalogueCategory[] {
    const names = sortNaturally([...this.children.keys()])
    return names.flatMap((name) => this.children.get(name) ?? [])
  }

  /** Counts a torrent here and in all categories above. */
  count(size: number, addedMs: number): void {
    this.torrents += 1
    this.size += size
    this.newestMs = Math.max(this.newestMs, addedMs)
    this.parent?.count(size, addedMs)
  }

  /** Whether a category is this one or below it. */
  holds(other: CatalogueCategory | null): boolean {
    return other !== null && (other === this || this.holds(other.parent))
  }
}

/** A directory with categories. */
export interface CatalogueRoot {
  readonly path: string
  /** Whether its torrents are retired. */
  readonly isArchive: boolean
}

/** All categories, each created when it is asked for. */
export class Categories {
  readonly current = new CatalogueCategory([], false, null)
  readonly archive = new CatalogueCategory([], true, null)
  readonly #roots: readonly CatalogueRoot[] | null
  readonly #byDirectory = new Map<string, CatalogueCategory>()

  /** The roots are null without a catalogue. */
  constructor(roots: readonly CatalogueRoot[] | null) {
    // An archive may be inside a directory of current torrents
    this.#roots = roots && roots.toSorted((a, b) => b.path.length - a.path.length)
  }

  /**
   * The category of a torrent: the directory of its .torrent, or of its content in the mirror of
   * this process. Others are in the first one. Null without a catalogue.
   */
  of({ path, place }: Pick<KnownSummary, 'path' | 'place'>): CatalogueCategory | null {
    if (this.#roots === null) return null
    if (path === null) return this.current.at(place === null ? [] : placeNames(place).slice(0, -1))
    const directory = dirname(path)
    const known = this.#byDirectory.get(directory)
    if (known) return known
    const root = this.#roots.find((each) => isWithin(directory, each.path))
    const top = root?.isArchive === true ? this.archive : this.current
    const below = root ? relative(root.path, directory) : ''
    const category = top.at(below === '' ? [] : below.split(sep))
    this.#byDirectory.set(directory, category)
    return category
  }
}

/** The components of a place in the mirror; a last one is empty for that of a directory. */
export function placeNames(place: string): string[] {
  return pathOf(place)
    .split('/')
    .map((name) => decodeName(name) ?? name)
}

/** A place in the mirror without the dot and slash, or the slash, at its beginning. */
export function pathOf(place: string): string {
  return place.slice(place.indexOf('/') + 1)
}

/** The address of a category; `root` is the way to the tracker's first page, such as `../`. */
export function categoryAddress({ path, isArchive }: CatalogueCategory, root: string): string {
  const names = [isArchive ? 'archive' : 'catalogue', ...path.map(encodeName), '']
  return `${root}${names.join('/')}`
}

/** The way from a category's page to the tracker's first page. */
export function rootFrom({ path }: CatalogueCategory): string {
  return '../'.repeat(path.length + 1)
}

/** The title of a category. */
export function titleOf({ path, isArchive }: CatalogueCategory): string {
  return path.at(-1) ?? (isArchive ? WORDS.archive : WORDS.torrents)
}

/** A category, null for none, and those above it. */
export function stepsTo(category: CatalogueCategory | null, root: string): Step[] {
  if (category === null) return []
  const step = { address: categoryAddress(category, root), title: titleOf(category) }
  return [...stepsTo(category.parent, root), step]
}
