import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Script } from 'node:vm'
import { digestOf } from '../../digest.js'

/** How long the stamp is that a bundle ends with, in bytes: a digest of all before it. */
const STAMP_LENGTH = 40

const CODE_DIGEST_LENGTH = 20

/**
 * The code that V8 compiled of `source` when the program was installed, or undefined if there is none,
 * or it is damaged or of another source. V8 itself refuses what another V8 wrote, but looks at no more
 * of the source than its length.
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

/** Keeps the code that V8 has compiled of `script` by now. The program may be running meanwhile. */
export function writeCodeCache(path: string, source: Buffer, script: Script): void {
  const code = script.createCachedData()
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, Buffer.concat([digestFor(source, code), code]))
  renameSync(temporary, path)
}

function digestFor(source: Buffer, code: Buffer): Buffer {
  return digestOf('sha1', Buffer.concat([source.subarray(-STAMP_LENGTH), code]))
}
