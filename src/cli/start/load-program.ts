import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Script } from 'node:vm'
import { unboundHeapGrowth } from '../../heap-growth.js'
import { findAddon } from '../../native-addon.js'
import { readCodeCache, writeCodeCache } from './code-cache.js'
import { makeLazy } from './lazy-require.js'
import type * as main from '../main.js'

type Require = (id: string) => unknown

/** What a bundle exports; its rest, with what is imported only when it is needed, exports `late`. */
interface Bundle {
  readonly main: typeof main.main
  /** Modules that are in its rest as well, by the names that they have there. */
  readonly parts?: Readonly<Record<string, unknown>>
  readonly late: Readonly<Record<string, () => unknown>>
}

type Wrapper = (module: { exports: object }, require: Require, place: object) => void

export interface LoadedProgram {
  readonly main: typeof main.main
  /** Keeps the code that V8 compiled by now beside the bundles whose code was not there. */
  readonly keepCode: () => void
}

/**
 * Loads a bundle as Node loads a CommonJS module, but with the code that V8 compiled of it before: to
 * compile it again takes longer than most commands. Node's own module.enableCompileCache reads a
 * directory for each user, which that user has to fill first, and takes longer.
 */
export function loadProgram(bundle: string): LoadedProgram {
  // This file is itself in a bundle, beside the others
  const path = `${__dirname}/${bundle}`
  const load = makeLazy(require)
  const keepers: (() => void)[] = []
  let rest: Bundle | null = null
  const requireLate = (id: string) => {
    rest ??= runScript(`${path}-rest.cjs`, requireShared, keepers)
    return rest.late[id]?.()
  }
  const requireShared = (id: string) => loaded.parts?.[id] ?? load(id)
  const requireAny = (id: string) => (id.startsWith('./') ? requireLate(id) : load(id))
  const loaded = runScript(`${path}.cjs`, requireAny, keepers)
  const keepCode = () => {
    if (keepers.length === 0 || !mayKeepBeside(path)) return
    // V8 refuses code that was compiled under other flags than those of a start
    unboundHeapGrowth()
    for (const keep of keepers) keep()
  }
  return { main: loaded.main, keepCode }
}

/** Whether the program is this user's own, who alone may put files beside it. */
function mayKeepBeside(path: string): boolean {
  return statSync(dirname(path)).uid === process.geteuid?.()
}

/**
 * Runs the script of a bundle and returns its exports. Adds to `keepers` what keeps its code, unless that
 * was there.
 */
function runScript(path: string, require: Require, keepers: (() => void)[]): Bundle {
  const codeCache = `${path}.cache`
  const source = readFileSync(path)
  const cachedData = readCodeCache(codeCache, source)
  // The bundle is ASCII, which is the quickest to read
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
