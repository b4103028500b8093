import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Script } from 'node:vm'
import { digestOf } from '../../digest.js'

/** How long the stamp is that a bundle ends with, in bytes: a digest of all before it. */
const STAMP_LENGTH = 40

const DIGEST_LENGTH = 20

/**
 * What V8 compiled of `source` when the program was installed, or undefined where there is nothing,
 * something damaged or of another source, which shows by the stamp that both carry. V8 itself
 * refuses what another V8 wrote, but looks at no more of the source than its length.
 */
export function readCodeCache(path: string, source: Buffer): Buffer | undefined {
  try {
    const file = readFileSync(path)
    const [stamp, code] = [file.subarray(0, STAMP_LENGTH), file.subarray(STAMP_LENGTH)]
    return stamp.equals(stampOf(source)) ? withoutDigest(code) : undefined
  } catch {
    return undefined
  }
}

function withoutDigest(file: Buffer): Buffer | undefined {
  const code = file.subarray(DIGEST_LENGTH)
  return file.subarray(0, DIGEST_LENGTH).equals(digestOf('sha1', code)) ? code : undefined
}

/**
 * Keeps what V8 has compiled of `script` by now. The file is replaced whole, for the program may
 * be running.
 */
export function writeCodeCache(path: string, source: Buffer, script: Script): void {
  const code = script.createCachedData()
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, Buffer.concat([stampOf(source), digestOf('sha1', code), code]))
  renameSync(temporary, path)
}

function stampOf(source: Buffer): Buffer {
  return source.subarray(-STAMP_LENGTH)
}
