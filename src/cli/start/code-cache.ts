import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Script } from 'node:vm'

const DIGEST_LENGTH = 20

/**
 * What V8 compiled of `source` when the program was installed, or undefined where there is nothing
 * or something else. V8 itself refuses what another V8 wrote, but looks at no more of the source
 * than its length.
 */
export function readCodeCache(path: string, source: Buffer): Buffer | undefined {
  try {
    const file = readFileSync(path)
    const code = file.subarray(DIGEST_LENGTH)
    return file.subarray(0, DIGEST_LENGTH).equals(digestOf(source, code)) ? code : undefined
  } catch {
    return undefined
  }
}

/**
 * Keeps what V8 has compiled of `script` by now. The file is replaced whole, for the program may
 * be running.
 */
export function writeCodeCache(path: string, source: Buffer, script: Script): void {
  const code = script.createCachedData()
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, Buffer.concat([digestOf(source, code), code]))
  renameSync(temporary, path)
}

function digestOf(source: Buffer, code: Buffer): Buffer {
  return createHash('sha1').update(source).update(code).digest()
}
