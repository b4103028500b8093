import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Script } from 'node:vm'
import { digestOf } from '../../digest.js'

/** Length in bytes of the stamp at the end of a bundle, a digest of the bundle. */
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
  return digestOf('sha1', Buffer.concat([source.subarray(-STAMP_LENGTH), code]))
}
