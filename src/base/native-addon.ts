import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Returns the native addon if it has all functions of these names, else null. The addon may be
 * missing, or left over from an earlier version.
 */
export function loadNative<Functions extends object>(
  ...names: readonly (keyof Functions)[]
): Functions | null {
  const addon: Partial<Functions> = findAddon().functions
  return names.every((name) => addon[name] !== undefined) ? (addon as Functions) : null
}

/** The native addon of this process, and why addons from other places were not used. */
export interface FoundAddon {
  /** All functions; an empty object if there is no addon. */
  readonly functions: object
  /** The file or package that it comes from; null if there is none. */
  readonly origin: string | null
  /** Why the places tried before failed: a clause for each. */
  readonly failures: readonly string[]
}

/** Finds the native addon: the one built here, or the ready-made one for this platform. */
export function findAddon(): FoundAddon {
  found ??= search()
  return found
}

/** Cached, because loading again takes longer than many of the addon's functions. */
let found: FoundAddon | undefined

/** The addon built here, below the root of the package. */
const BUILT_HERE = 'native/build/piece_hash.node'

/** Platforms with a package that contains a ready-made addon, for any libc. */
const READY_MADE = ['linux-x64', 'linux-arm64']

function search(): FoundAddon {
  const platform = `${process.platform}-${process.arch}`
  const hasPackage = READY_MADE.includes(platform)
  const ready = hasPackage ? [`@btkit/accelerator-${platform}`] : []
  const failures: string[] = []
  for (const name of [BUILT_HERE, ...ready]) {
    try {
      return { functions: name === BUILT_HERE ? loadBuilt() : load(name), origin: name, failures }
    } catch (error) {
      failures.push(
        `${name} ${isAbsent(error) ? 'is not installed' : `fails: ${firstLine(error)}`}`,
      )
    }
  }
  if (!hasPackage) failures.push(`there is no package for ${platform}`)
  return { functions: {}, origin: null, failures }
}

/** Set in the bundles, which are two directories below the root. */
declare const BUNDLED_VERSION: string | undefined

/** The path of a file of the program, from its root. */
function ownPath(path: string): string {
  const root = typeof BUNDLED_VERSION === 'string' ? '../../' : '../../../'
  return fileURLToPath(new URL(root + path, import.meta.url))
}

/** Loads the addon by its path: a search by name takes two milliseconds of each start. */
function loadBuilt(): object {
  const module = { exports: {} }
  process.dlopen(module, ownPath(BUILT_HERE))
  return module.exports
}

function load(name: string): object {
  return requireOwn(name, createRequire(import.meta.url)) as object
}

/**
 * Loads a module that may be missing, from the packages of this installation only. Node also looks
 * into `node_modules` of all directories above, such as /tmp, where another user may have put one.
 */
export function requireOwn(name: string, require: NodeJS.Require): unknown {
  const root = ownPath('')
  // A program that is installed as a package has its own packages beside it, or above it
  const beside = [...root.matchAll(/[\\/]node_modules[\\/]/g)].map((found) =>
    root.slice(0, found.index + found[0].length),
  )
  const places = [join(root, 'node_modules'), ...beside.reverse()]
  const path = places.map((each) => join(each, name)).find(existsSync)
  if (!path) throw new Error(`Cannot find module '${name}' in this installation`)
  return require(path)
}

function isAbsent(error: unknown): boolean {
  return /^Cannot find module|piece_hash\.node.*no such file/i.test(firstLine(error))
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
}
