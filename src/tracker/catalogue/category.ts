/** A directory of torrents with all directories below it. */
export class Category {
  readonly children = new Map<string, Category>()
  /** The number of torrents here and below. */
  torrents = 0
  /** Their size in bytes. */
  size = 0
  /** When the newest of them was added, in milliseconds since 1970; 0 if unknown. */
  newestMs = 0
  /** The places of this category and the last one below it, in an order of all categories. */
  #first = 0
  #last = 0

  constructor(
    /** The names of the directories that lead here. */
    readonly path: readonly string[],
    /** Whether its torrents are retired. */
    readonly isArchive: boolean,
    readonly parent: Category | null,
  ) {}

  /** The category of a directory, which is created if needed. */
  at(names: readonly string[]): Category {
    return names.reduce<Category>((category, name) => category.#child(name), this)
  }

  #child(name: string): Category {
    const known = this.children.get(name)
    if (known) return known
    const child = new Category([...this.path, name], this.isArchive, this)
    this.children.set(name, child)
    return child
  }

  /** The category of a directory; null if it has no torrents. */
  find(names: readonly string[]): Category | null {
    const [first, ...rest] = names
    if (first === undefined) return this
    return this.children.get(first)?.find(rest) ?? null
  }

  /** Counts a torrent here and in all categories above. */
  count(size: number, addedMs: number): void {
    this.torrents += 1
    this.size += size
    this.newestMs = Math.max(this.newestMs, addedMs)
    this.parent?.count(size, addedMs)
  }

  /** Numbers all categories, so that `holds` can compare. Returns the next number. */
  number(from: number): number {
    this.#first = from
    let next = from + 1
    for (const child of this.children.values()) next = child.number(next)
    this.#last = next - 1
    return next
  }

  /** Whether a category is this one or below it. */
  holds(other: Category): boolean {
    return other.#first >= this.#first && other.#first <= this.#last
  }
}
