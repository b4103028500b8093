// oxlint-disable-next-line no-restricted-imports -- only before the start
import { realpathSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { NotReady } from '../../server/headers/refusal.js'

/** Milliseconds before a lookup of the root fails, because a file server may be down. */
const PATIENCE = 5000

/** Checks whether the root is another directory, and whether it exists. */
export class RootWatch {
  #real: string | null
  #looking: Promise<boolean> | null = null
  #next: Promise<boolean> | null = null
  /** Whether there are links in the root's path: without them, nothing is looked up. */
  readonly isLinked: boolean

  constructor(readonly root: string) {
    this.#real = resolveIfThere(root)
    this.isLinked = this.#real !== root
  }

  /**
   * Whether a link in the root's path leads elsewhere since the last call. Calls during a lookup share the
   * next one. False if the lookup takes long, because a file server may be down.
   */
  hasMoved(): Promise<boolean> {
    if (!this.isLinked) return Promise.resolve(false)
    this.#next ??= (this.#looking ?? Promise.resolve(false)).then(() => {
      this.#next = null
      return (this.#looking = this.#look())
    })
    return this.#next
  }

  async #look(): Promise<boolean> {
    const before = this.#real
    const real = realpath(this.root).catch(() => null)
    this.#real = await Promise.race([real, setTimeout(PATIENCE, before, { ref: false })])
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

/** Whether the root is a directory that can be read. */
export async function isRootThere(root: string): Promise<boolean> {
  return stat(root).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/**
 * The refusal while the root is missing, for example while it is moved. With 404, clients and
 * proxies would treat its files as deleted.
 */
export function missingRoot(): NotReady {
  return new NotReady('the root of the mirror is missing; try again in 10 s', 10)
}
