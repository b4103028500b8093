import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Script } from 'node:vm'
import { findAddon } from '../../native-addon.js'
import { REDIS_PACKAGES } from './bundles.js'
import { readCodeCache, writeCodeCache } from './code-cache.js'
import { makeLazy } from './lazy-require.js'
import type * as main from '../main.js'

type Require = (id: string) => unknown

/** The exports of a bundle. Its second file, with modules imported on demand, exports `late`. */
interface Bundle {
  readonly main: typeof main.main
  /** Modules that the second file needs, too, by their names there. */
  readonly parts?: Readonly<Record<string, unknown>>
  readonly late: Readonly<Record<string, () => unknown>>
}

type Wrapper = (module: { exports: object }, require: Require, place: object) => void

export interface LoadedProgram {
  readonly main: typeof main.main
  /** Saves the compiled code of bundles that had none. */
  readonly keepCode: () => Promise<void>
}

/**
 * Loads a bundle like a CommonJS module, but with saved compiled code. Compiling takes longer than
 * most commands.
 * Node's module.enableCompileCache is slower: it uses a directory per user, which each user must
 * fill first.
 */
export function loadProgram(bundle: string): LoadedProgram {
  // This file is itself part of a bundle, beside the others
  const path = `${__dirname}/${bundle}`
  const loadAny = makeLazy(require)
  const packages = new Map<string, Bundle>()
  const load = (id: string) => {
    const file = REDIS_PACKAGES[id]
    if (file === undefined) return loadAny(id)
    const bundle = packages.get(file) ?? runScript(`${__dirname}/${file}.cjs`, loadAny, keepers)
    packages.set(file, bundle)
    return bundle.late[id]?.()
  }
  const keepers: (() => void)[] = []
  let rest: Bundle | null = null
  const requireLate = (id: string) => {
    rest ??= runScript(`${path}-rest.cjs`, requireShared, keepers)
    return rest.late[id]?.()
  }
  const requireShared = (id: string) => loaded.parts?.[id] ?? load(id)
  const requireAny = (id: string) => (id.startsWith('./') ? requireLate(id) : load(id))
  const loaded = runScript(`${path}.cjs`, requireAny, keepers)
  const keepCode = async () => {
    if (keepers.length === 0 || !mayKeepBeside(path)) return
    // Loaded only now: with node:v8 comes all of node:stream, a twentieth of the time to start
    const { unboundHeapGrowth } = await import('../../heap-growth.js')
    // V8 refuses code compiled under other flags than those at start
    unboundHeapGrowth()
    for (const keep of keepers) keep()
  }
  return { main: loaded.main, keepCode }
}

/** Whether the program belongs to this user. Other users must not put files beside it. */
function mayKeepBeside(path: string): boolean {
  return statSync(dirname(path)).uid === process.geteuid?.()
}

/**
 * Runs a bundle's script and returns its exports. If its compiled code was missing, adds a function
 * to `keepers` that saves it.
 */
function runScript(path: string, require: Require, keepers: (() => void)[]): Bundle {
  const codeCache = `${path}.cache`
  const source = readFileSync(path)
  const cachedData = readCodeCache(codeCache, source)
  // The bundle is ASCII, and latin1 decodes fastest
  const script = new Script(source.toString('latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  if (cachedData === undefined || script.cachedDataRejected === true)
    keepers.push(() => {
      writeCodeCache(codeCache, source, script)
    })
  const module = { exports: {} }
  const wrapper = script.runInThisContext() as Wrapper
  wrapper(module, require, { __filename: path, addonOfStart: findAddon })
  return module.exports as Bundle
}
