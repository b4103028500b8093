import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { nativeAddon } from '../../native-addon.js'
import { readCodeCache } from './code-cache.js'
import { makeLazy } from './lazy-require.js'
import type * as main from '../main.js'

type Require = (id: string) => unknown

type Wrapper = (module: { exports: object }, require: Require, place: Place) => void

/** What a bundle knows beside its modules. */
interface Place {
  readonly __filename: string
  readonly loadAddon: typeof nativeAddon
}

/** What a bundle exports. */
interface Bundle {
  readonly main: typeof main.main
  /** Modules that are in its rest as well, by the names that they have there. */
  readonly parts?: Readonly<Record<string, unknown>>
}

/** What is imported only when it is needed is in a bundle of its own. */
interface Rest {
  readonly late: Readonly<Record<string, () => unknown>>
}

export interface LoadedScript {
  readonly source: Buffer
  readonly script: Script
  /** Where the compiled code is kept: beside the bundle. */
  readonly codeCache: string
}

export interface LoadedProgram {
  readonly main: typeof main.main
  /** All that was loaded of it by now. */
  readonly scripts: readonly LoadedScript[]
}

/**
 * Loads a bundle as Node loads a CommonJS module, but with the code that V8 compiled of it before:
 * to compile it anew takes longer than most commands.
 */
export function loadProgram(bundle: string): LoadedProgram {
  // This file is itself in a bundle, beside the others
  const path = `${__dirname}/${bundle}.cjs`
  const load = makeLazy(require)
  const scripts: LoadedScript[] = []
  let rest: Rest | null = null
  const requireLate = (id: string) => {
    rest ??= runScript(path.replace(/\.cjs$/, '-rest.cjs'), requireShared, scripts) as Rest
    return rest.late[id]?.()
  }
  const requireShared = (id: string) => loaded.parts?.[id] ?? load(id)
  const isLate = (id: string) => id.startsWith('./')
  const requireAny = (id: string) => (isLate(id) ? requireLate(id) : load(id))
  const loaded = runScript(path, requireAny, scripts) as Bundle
  return { main: loaded.main, scripts }
}

/** Runs the script of a bundle, notes it in `scripts`, and returns what it exports. */
function runScript(path: string, require: Require, scripts: LoadedScript[]): object {
  const codeCache = `${path}.cache`
  const source = readFileSync(path)
  const cachedData = readCodeCache(codeCache, source)
  // The bundle is ASCII, which is the quickest to read
  const script = new Script(source.toString('latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  scripts.push({ source, script, codeCache })
  const module = { exports: {} }
  const wrapper = script.runInThisContext() as Wrapper
  wrapper(module, require, { __filename: path, loadAddon: nativeAddon })
  return module.exports
}
