import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { digestOf } from '../../bytes.js'
import type * as main from '../main.js'

/** `here` has the absolute paths of the program and its directory. */
type Wrapper = (
  module: { exports: object },
  require: NodeJS.Require,
  here: { readonly __filename: string; readonly __dirname: string },
) => void

export interface LoadedProgram {
  readonly main: typeof main.main
  /** Saves the compiled code of the program if it had none. */
  readonly keepCode: () => Promise<void>
}

/** The commands with a program of their own. The build sets it. */
declare const OWN_STARTS: readonly string[]

/**
 * Loads the program of a command like a CommonJS module, but with saved compiled code. Compiling
 * takes longer than most commands.
 * Node's module.enableCompileCache is slower: it uses a directory per user, which each user must
 * fill first.
 */
export function loadProgram(command: string | undefined): LoadedProgram {
  // This file is itself part of a bundle, beside the programs
  const name = command !== undefined && OWN_STARTS.includes(command) ? command : 'main'
  const path = `${__dirname}/${name}.cjs`
  const codeCache = `${path}.cache`
  const source = readFileSync(path)
  const cachedData = readCodeCache(codeCache, source)
  // The program is ASCII, and latin1 decodes fastest
  const script = new Script(source.toString('latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} }
  const wrapper = script.runInThisContext() as Wrapper
  wrapper(module, require, { __filename: path, __dirname })
  const keepCode = async () => {
    if (cachedData !== undefined && script.cachedDataRejected !== true) return
    // Other users must not put files beside the program
    if (statSync(__dirname).uid !== process.geteuid?.()) return
    const { unboundHeapGrowth } = await import('../../heap-growth.js')
    // V8 refuses code compiled under other flags than those at start
    unboundHeapGrowth()
    writeCodeCache(codeCache, source, script)
  }
  return { ...(module.exports as typeof main), keepCode }
}

/** Length in bytes of the stamp at the end of the program, its digest. */
const STAMP_LENGTH = 40

const CODE_DIGEST_LENGTH = 20

/**
 * Reads the code that V8 compiled from `source` at installation. Returns undefined if it is
 * missing, damaged or from another source.
 * V8 itself refuses code of other V8 versions, but compares only the length of the source.
 */
export function readCodeCache(path: string, source: Buffer): Buffer | undefined {
  try {
    const file = readFileSync(path)
    const code = file.subarray(CODE_DIGEST_LENGTH)
    return file.subarray(0, CODE_DIGEST_LENGTH).equals(digestFor(source, code)) ? code : undefined
  } catch {
    return undefined
  }
}

/** Saves the code compiled so far for `script`. Other processes may be running the program. */
export function writeCodeCache(path: string, source: Buffer, script: Script): void {
  const code = script.createCachedData()
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, Buffer.concat([digestFor(source, code), code]))
  renameSync(temporary, path)
}

function digestFor(source: Buffer, code: Buffer): Buffer {
  // A copy of the code would take longer than its digest
  return digestOf('sha1', Buffer.concat([source.subarray(-STAMP_LENGTH), digestOf('sha1', code)]))
}
