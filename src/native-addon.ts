import { createRequire } from 'node:module'

/**
 * Returns the native addon if it has all functions of these names, else null. The addon may be
 * missing, or left over from an earlier version.
 */
export function loadNative<Functions extends object>(
  ...names: readonly (keyof Functions)[]
): Functions | null {
  const addon: Partial<Functions> = nativeAddon()
  return names.every((name) => addon[name] !== undefined) ? (addon as Functions) : null
}

/** All functions of the native addon; an empty object if there is none. */
export function nativeAddon(): object {
  return findAddon().functions
}

/** The native addon of this process, and why addons from other places were not used. */
export interface FoundAddon {
  readonly functions: object
  /** The file or package that it comes from; null if there is none. */
  readonly origin: string | null
  /** Why the places tried before failed: a clause for each. */
  readonly failures: readonly string[]
}

/** Finds the native addon: the one built here, or the ready-made one for this platform. */
export function findAddon(): FoundAddon {
  found ??= search(createRequire(import.meta.url))
  return found
}

/** Cached, because loading again takes longer than many of the addon's functions. */
let found: FoundAddon | undefined

/** Platforms with a package that contains a ready-made addon, for any libc. */
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
