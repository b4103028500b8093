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
import { dirname } from 'node:path'
import { Script } from 'node:vm'
import { digestOf } from '../../base/bytes.js'
import type * as main from '../main.js'

/**
 * `here` has the absolute paths of the bundle and its directory, and loads the bundles of packages.
 */
type Wrapper = (
  module: { exports: object },
  require: NodeJS.Require,
  here: {
    readonly __filename: string
    readonly __dirname: string
    readonly loadApart: (bundle: string) => object
  },
) => void

export interface LoadedProgram {
  readonly main: typeof main.main
  /** Saves the compiled code of the program if it had none. */
  readonly keepCode: () => Promise<void>
}

/** The spellings of commands in the smaller program, with their names. The build sets it. */
declare const FILE_COMMANDS: readonly (readonly [spelling: string, name: string])[]

/** Its compiled code serves each command of the same program that has none of its own. */
const USUAL = 'verify'

/**
 * Loads the program of a command like a CommonJS module, and later its packages, but with compiled
 * code that was saved for this command. Compiling takes longer than most commands. The code is
 * beside the program only: it is run, and elsewhere another user could have put it there.
 */
export function loadProgram(command: string | undefined): LoadedProgram {
  const name = new Map(FILE_COMMANDS).get(command ?? '') ?? 'main'
  const bundles = new Map<string, object>()
  const unsaved: (() => void)[] = []
  const load = (bundle: string, codes: readonly string[]): object => {
    // This file is itself part of a bundle, beside the others
    const path = `${__dirname}/${bundle}.cjs`
    const source = readFileSync(path)
    const [own, usual] = codes.map((code) => `${__dirname}/${code}.cache`)
    const ownCode = readCodeCache(own, source)
    const cachedData = ownCode ?? readCodeCache(usual, source)
    // Bundles are ASCII, and latin1 decodes fastest
    const script = new Script(source.toString('latin1'), {
      // Compiled code has it: with the whole path, no two builds were the same
      filename: `dist/bundle/${bundle}.cjs`,
      ...(cachedData && { cachedData }),
    })
    if (own !== undefined && (ownCode === undefined || script.cachedDataRejected === true))
      unsaved.push(writeCodeCache.bind(null, own, source, script))
    const module = { exports: {} }
    const wrapper = script.runInThisContext() as Wrapper
    wrapper(module, require, { __filename: path, __dirname, loadApart })
    bundles.set(bundle, module.exports)
    return module.exports
  }
  const loadApart = (bundle: string) => bundles.get(bundle) ?? load(bundle, [bundle])
  const program = load(name === 'main' ? 'main' : 'files', [name, USUAL]) as typeof main
  const keepCode = async () => {
    if (unsaved.length === 0) return
    // Only the owner of the program puts files beside it
    const owner = statSync(__dirname).uid
    if (owner !== (process.geteuid?.() ?? owner)) return
    const { unboundHeapGrowth } = await import('../../base/heap-growth.js')
    const { optimizeAsUsual } = await import('../../base/optimize-late.js')
    // V8 refuses code compiled under other flags than those at start
    unboundHeapGrowth()
    optimizeAsUsual()
    for (const save of unsaved) save()
  }
  return { ...program, keepCode }
}

/** Length in bytes of the stamp at the end of the program, its digest. */
const STAMP_LENGTH = 40

const CODE_DIGEST_LENGTH = 20

const WRITABLE_BY_OTHERS = 0o022
const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants

/**
 * Reads the code that V8 compiled from `source`. Returns undefined if it is missing, damaged, from
 * another source, or in a file that anybody may have written except root and the owner of the
 * program beside it: it is run. V8 itself refuses code of other V8 versions, but compares only the
 * length of the source, and dies of code of another processor.
 */
export function readCodeCache(path = '', source: Buffer): Buffer | undefined {
  let descriptor: number | undefined
  try {
    // Not blocked by a pipe of this name
    descriptor = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    const { uid, mode, nlink } = fstatSync(descriptor)
    if ((uid !== 0 && uid !== statSync(dirname(path)).uid) || nlink > 1) return
    if ((mode & WRITABLE_BY_OTHERS) !== 0) return
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
