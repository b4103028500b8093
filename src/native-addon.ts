import { createRequire } from 'node:module'

/**
 * The functions of the native addon that have these names; null where there is none, or it lacks one,
 * as one that an earlier version left behind may.
 */
export function loadNative<Functions extends object>(
  ...names: readonly (keyof Functions)[]
): Functions | null {
  const addon: Partial<Functions> = nativeAddon()
  return names.every((name) => addon[name] !== undefined) ? (addon as Functions) : null
}

/** All functions of the native addon; none where there is none. */
export function nativeAddon(): object {
  return findAddon().functions
}

/** The native addon that this process uses, and why not one from another place. */
export interface FoundAddon {
  readonly functions: object
  /** Where it is from; null if there is none. */
  readonly origin: string | null
  /** Why it is from no other place: a clause for each that was tried before. */
  readonly failures: readonly string[]
}

/** Finds the native addon: the one that was built here, or the ready-made one of this platform. */
export function findAddon(): FoundAddon {
  found ??= search(createRequire(import.meta.url))
  return found
}

/** Kept: to look for it anew takes longer than much of what it does. */
let found: FoundAddon | undefined

/** Platforms that have a package with a ready-made addon, for any libc. */
const READY_MADE = ['linux-x64', 'linux-arm64']

function search(load: (id: string) => unknown): FoundAddon {
  const platform = `${process.platform}-${process.arch}`
  const ready = READY_MADE.includes(platform) ? [`@btkit/accelerator-${platform}`] : []
  const failures: string[] = []
  for (const id of ['#piece-hash', ...ready]) {
    const name = id === '#piece-hash' ? 'native/build/piece_hash.node' : id
    try {
      return { functions: load(id) as object, origin: name, failures }
    } catch (error) {
      failures.push(
        `${name} ${isAbsent(error) ? 'is not installed' : `fails: ${firstLine(error)}`}`,
      )
    }
  }
  if (ready.length === 0) failures.push(`there is no package for ${platform}`)
  return { functions: {}, origin: null, failures }
}

function isAbsent(error: unknown): boolean {
  return /^Cannot find module|piece_hash\.node.*no such file/i.test(firstLine(error))
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
}
