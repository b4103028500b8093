import { chmodSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { makeScratch } from '../support/scratch.js'

/** A new directory with files at the given '/'-joined paths; each holds its own path. */
export function plantTree(t: TestContext, paths: string[]): string {
  return makeScratch(t, Object.fromEntries(paths.map((path) => [path, path])))
}

/** Does `act` while the directory has `mode`; one that is shut can't be removed. */
export async function withMode(directory: string, mode: number, act: () => Promise<void>) {
  chmodSync(directory, mode)
  await act().finally(() => {
    chmodSync(directory, 0o755)
  })
}
