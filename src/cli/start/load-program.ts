import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { Script } from 'node:vm'
import { digestOf } from '../../base/bytes.js'
import { makeDirectory, usableCacheDirectory } from '../../base/directories.js'
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

/** The spellings of commands in the smaller program, with their names. The build sets it. */
declare const FILE_COMMANDS: readonly (readonly [spelling: string, name: string])[]

/**
 * Loads the program of a command like a CommonJS module, but with compiled code that was saved for this
 * command. Compiling takes longer than most commands. The code is beside the program. A user who does
 * not own the program keeps code of the own Node in the cache directory.
 */
export function loadProgram(command: string | undefined): LoadedProgram {
  const name = new Map(FILE_COMMANDS).get(command ?? '') ?? 'main'
  // This file is itself part of a bundle, beside the programs
  const path = `${__dirname}/${name === 'main' ? 'main' : 'files'}.cjs`
  const beside = `${__dirname}/${name}.cache`
  const own = ownCodeCache(beside)
  const source = readFileSync(path)
  const cachedData =
    (own === null ? undefined : readCodeCache(own, source)) ?? readCodeCache(beside, source)
  // The program is ASCII, and latin1 decodes fastest
  const script = new Script(source.toString('latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  const module = { exports: {} }
  const wrapper = script.runInThisContext() as Wrapper
  wrapper(module, require, { __filename: path, __dirname })
  const keepCode = async () => {
    if (own === null || (cachedData !== undefined && script.cachedDataRejected !== true)) return
    const { unboundHeapGrowth } = await import('../../base/heap-growth.js')
    // V8 refuses code compiled under other flags than those at start
    unboundHeapGrowth()
    makeDirectory(dirname(own), 0o700)
    writeCodeCache(own, source, script)
  }
  return { ...(module.exports as typeof main), keepCode }
}

/**
 * Where this user keeps compiled code: only the owner of the program puts files beside it. Null:
 * nowhere, as for root, who writes into no directory that may be another user's.
 */
function ownCodeCache(beside: string): string | null {
  const user = process.geteuid?.()
  if (statSync(__dirname).uid === user) return beside
  if (user === 0) return null
  const sources = { option: undefined, env: process.env, isRoot: false }
  const directory = usableCacheDirectory(sources)
  return directory === null ? null : `${directory}/code-${user}-${basename(beside, '.cache')}`
}

/** Length in bytes of the stamp at the end of the program, its digest. */
const STAMP_LENGTH = 40

const CODE_DIGEST_LENGTH = 20

const WRITABLE_BY_OTHERS = 0o022

/**
 * Reads the code that V8 compiled from `source`. Returns undefined if it is missing, damaged, from
 * another source, or in a file that anybody except root and this user may have written: it is run.
 * V8 itself refuses code of other V8 versions, but compares only the length of the source, and dies of
 * code of another processor.
 */
export function readCodeCache(path: string, source: Buffer): Buffer | undefined {
  let descriptor: number | undefined
  try {
    // Not blocked by a pipe of this name
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const { uid, mode } = fstatSync(descriptor)
    if ((uid !== 0 && uid !== process.geteuid?.()) || (mode & WRITABLE_BY_OTHERS) !== 0) return
    const file = readFileSync(descriptor)
    const code = file.subarray(CODE_DIGEST_LENGTH)
    return file.subarray(0, CODE_DIGEST_LENGTH).equals(digestFor(source, code)) ? code : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

/** Saves the code compiled so far for `script`. Other processes may be running the program. */
export function writeCodeCache(path: string, source: Buffer, script: Script): void {
  const code = script.createCachedData()
  const temporary = `${path}.${process.pid}`
  // In a directory of many users, another one may have made a link of this name
  const descriptor = openSync(temporary, 'wx')
  try {
    writeFileSync(descriptor, Buffer.concat([digestFor(source, code), code]))
    // Others run root's program, too, whatever is root's mask
    fchmodSync(descriptor, 0o644)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, path)
}

function digestFor(source: Buffer, code: Buffer): Buffer {
  // A copy of the code would take longer than its digest
  const of = [source.subarray(-STAMP_LENGTH), digestOf('sha1', code), Buffer.from(process.arch)]
  return digestOf('sha1', Buffer.concat(of))
}
