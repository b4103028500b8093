import type { BigIntStats } from 'node:fs'

/** The bit by which a file's owner may run it. */
const OWNER_EXECUTES = 0o100n

/**
 * The letters of BEP 47 for a regular file: `h` for one that is hidden by its name, `x` for one that
 * its owner may run.
 */
export function attributesOf(name: string, { mode }: BigIntStats): string {
  return (name.startsWith('.') ? 'h' : '') + ((mode & OWNER_EXECUTES) === 0n ? '' : 'x')
}
