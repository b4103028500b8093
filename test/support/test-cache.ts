import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A cache that no other test file and no user of this machine shares. */
export const testCache = mkdtempSync(join(tmpdir(), 'btkit-test-cache-'))

process.on('exit', () => {
  rmSync(testCache, { recursive: true, force: true })
})
