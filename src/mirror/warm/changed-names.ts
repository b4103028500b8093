/** Milliseconds between an event and the look that it causes: what is copied comes in many events. */
const DELAY = 250

/** Names in one directory beyond which all of it is looked at. */
const MAX_NAMES = 1000

/** Names that changed, by the keys of their directories; null: anything in it may have changed. */
export type Changes = ReadonlyMap<string, ReadonlySet<string> | null>

/** Gathers what changes in directories for a look at all of it together. */
export class ChangedNames {
  readonly #onChanges: (changes: Changes) => void
  #changes = new Map<string, Set<string> | null>()
  #timer: NodeJS.Timeout | null = null

  constructor(onChanges: (changes: Changes) => void) {
    this.#onChanges = onChanges
  }

  add(directory: string, name: string | null): void {
    const names = this.#changes.get(directory)
    if (name === null || (names && names.size >= MAX_NAMES)) this.#changes.set(directory, null)
    else if (names === undefined) this.#changes.set(directory, new Set([name]))
    else names?.add(name)
    this.#timer ??= setTimeout(() => {
      const changes = this.#changes
      this.#timer = null
      this.#changes = new Map()
      this.#onChanges(changes)
    }, DELAY).unref()
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
  }
}
