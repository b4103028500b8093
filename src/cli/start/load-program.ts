import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { readCodeCache } from './code-cache.js'
import { makeLazy } from './lazy-require.js'
import type * as main from '../main.js'

type Wrapper = (
  module: { exports: object },
  require: (id: string) => unknown,
  filename: string,
) => void

export interface LoadedProgram {
  readonly main: typeof main.main
  readonly source: Buffer
  readonly script: Script
  /** Where the compiled code is kept: beside the bundle. */
  readonly codeCache: string
}

/**
 * Loads a bundle as Node loads a CommonJS module, but with the code that V8 compiled of it before:
 * to compile it anew takes longer than most commands.
 */
export function loadProgram(bundle: string): LoadedProgram {
  const path = fileURLToPath(new URL(`./${bundle}.cjs`, import.meta.url))
  const codeCache = `${path}.cache`
  const source = readFileSync(path)
  const cachedData = readCodeCache(codeCache, source)
  // The bundle is ASCII, which is the quickest to read
  const script = new Script(source.toString('latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} }
  const wrapper = script.runInThisContext() as Wrapper
  wrapper(module, makeLazy(createRequire(path)), path)
  return { ...(module.exports as typeof main), source, script, codeCache }
}
