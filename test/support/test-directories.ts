import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A cache that no other test file and no user of this machine shares. */
export const testCache = mkdtempSync(join(tmpdir(), 'btkit-test-cache-'))

/** The same for what must not be lost. */
export const testState = mkdtempSync(join(tmpdir(), 'btkit-test-state-'))

process.on('exit', () => {
  for (const directory of [testCache, testState]) {
    rmSync(directory, { recursive: true, force: true })
  }
})
