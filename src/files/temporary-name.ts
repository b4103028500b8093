import { randomBytes } from 'node:crypto'

const SUFFIX = '.btkit-tmp'
const SHAPE = /^\..+\.[0-9a-f]{12}\.btkit-tmp$/s

/** The longest name that eCryptfs takes; other file systems take 255 bytes. */
const MAX_BYTES = 143

/** A hidden name, new at every call, for what is to become a file called `name`. */
export function makeTemporaryName(name: string): string {
  const ending = `.${randomBytes(6).toString('hex')}${SUFFIX}`
  return `.${shorten(name, MAX_BYTES - 1 - ending.length)}${ending}`
}

/** Whether `name` is one of ours: a file being written, or left by a run that was killed. */
export function isTemporaryName(name: string): boolean {
  return name.endsWith(SUFFIX) && SHAPE.test(name)
}

/** As many whole characters of `name` as fit in `maxBytes` of UTF-8. */
function shorten(name: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(name, new Uint8Array(maxBytes))
  return name.slice(0, read)
}
