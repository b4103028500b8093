import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A cache that no other test file and no user of this machine shares. */
const testCache = mkdtempSync(join(tmpdir(), 'btkit-test-cache-'))

/** The same for what must not be lost. */
const testState = mkdtempSync(join(tmpdir(), 'btkit-test-state-'))

/** Variables of each program that a test starts: the router of whoever runs it is not asked. */
export const TEST_WORLD = {
  BTKIT_CACHE_DIR: testCache,
  BTKIT_STATE_DIR: testState,
  BTKIT_SEED_PORT_MAPPING: '0',
}

process.on('exit', () => {
  for (const directory of [testCache, testState]) {
    rmSync(directory, { recursive: true, force: true })
  }
})
