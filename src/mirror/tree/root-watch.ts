import { realpathSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { isRootThere } from './missing-root.js'

/** How long the root may take to be looked at, in milliseconds: a file server may be gone. */
const PATIENCE = 5000

/** Sees whether another directory is the root now, and whether there is one at all. */
export class RootWatch {
  #real: string | null
  readonly #isLinked: boolean

  constructor(readonly root: string) {
    this.#real = resolveIfThere(root)
    this.#isLinked = this.#real !== root
  }

  /**
   * Whether a link on the way to the root leads elsewhere since the last time. Where there is no
   * link, nothing is looked at.
   */
  hasMoved(): boolean {
    if (!this.#isLinked) return false
    const before = this.#real
    this.#real = resolveIfThere(this.root)
    return this.#real !== before
  }

  /** Whether the root is a directory that can be looked at. */
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
