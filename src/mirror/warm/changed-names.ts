/** Milliseconds between an event and its lookup, because copying a file causes many events. */
const DELAY = 250

/** Most changed names in one directory before all of it is searched. */
const MAX_NAMES = 1000

/** Changed names by the keys of their directories; null if any name may have changed. */
export type Changes = ReadonlyMap<string, ReadonlySet<string> | null>

/** Collects changes in directories, to look them up together. */
export class ChangedNames {
  #changes = new Map<string, Set<string> | null>()
  #timer: NodeJS.Timeout | null = null

  constructor(private readonly onChanges: (changes: Changes) => void) {}

  add(directory: string, name: string | null): void {
    const names = this.#changes.get(directory)
    if (name === null || (names && names.size >= MAX_NAMES)) this.#changes.set(directory, null)
    else if (names === undefined) this.#changes.set(directory, new Set([name]))
    else names?.add(name)
    this.#timer ??= setTimeout(() => {
      const changes = this.#changes
      this.#timer = null
      this.#changes = new Map()
      this.onChanges(changes)
    }, DELAY).unref()
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
  }
}
