/**
 * Claims to files that are being hashed, so that no other process or machine hashes them meanwhile.
 * An owner may claim a name several times, and must release it as often.
 */
export interface Claims {
  /**
   * Claims all names, or none: `wait` if another owner holds one of them. Where claims are
   * impossible for now, all are `held`.
   */
  claim(names: readonly string[]): Promise<'held' | 'wait'>
  /** Keeps all names that are held from expiring. Must be called every RENEWAL_MS. */
  renew(): Promise<void>
  release(names: readonly string[]): Promise<void>
  /** Releases everything. */
  close(): Promise<void>
}

/** The least bytes to hash for which a claim is worth its time. */
export const LEAST_BYTES = 4 * 1024 * 1024

/** Milliseconds between two renewals. */
export const RENEWAL_MS = 5000

/** Counts how often names are held. */
export class HeldNames {
  readonly #counts = new Map<string, number>()

  /** All names that are held. */
  get all(): string[] {
    return [...this.#counts.keys()]
  }

  /** Returns the names that are not held yet. */
  missing(names: readonly string[]): string[] {
    return names.filter((name) => !this.#counts.has(name))
  }

  add(names: readonly string[]): void {
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  /** Returns the names that are held no more. */
  remove(names: readonly string[]): string[] {
    return names.filter((name) => {
      const count = this.#counts.get(name) ?? 0
      if (count > 1) this.#counts.set(name, count - 1)
      else this.#counts.delete(name)
      return count === 1
    })
  }
}
