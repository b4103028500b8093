import { realpathSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { isRootThere } from './missing-root.js'

/** Milliseconds before a lookup of the root fails, because a file server may be down. */
const PATIENCE = 5000

/** Checks whether the root is another directory, and whether it exists. */
export class RootWatch {
  #real: string | null
  readonly #isLinked: boolean

  constructor(readonly root: string) {
    this.#real = resolveIfThere(root)
    this.#isLinked = this.#real !== root
  }

  /**
   * Whether a link in the root's path leads elsewhere since the last call. Without links, nothing
   * is looked up.
   */
  hasMoved(): boolean {
    if (!this.#isLinked) return false
    const before = this.#real
    this.#real = resolveIfThere(this.root)
    return this.#real !== before
  }

  /** Whether the root is a directory that can be read. */
  async isThere(): Promise<boolean> {
    return Promise.race([isRootThere(this.root), setTimeout(PATIENCE, false, { ref: false })])
  }
}

function resolveIfThere(path: string): string | null {
  try {
    return realpathSync.native(path)
  } catch {
    return null
  }
}
