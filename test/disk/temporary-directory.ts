import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

/** A new empty directory by its real path, removed after the test. */
export function makeTemporaryDirectory(t: TestContext): string {
  const path = realpathSync.native(mkdtempSync(join(tmpdir(), 'btkit-files-')))
  t.after(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** A new directory with files at the given '/'-joined paths; each holds its own path. */
export function plantTree(t: TestContext, paths: string[]): string {
  const root = makeTemporaryDirectory(t)
  for (const path of paths) plantFile(join(root, path), path)
  return root
}

/** A file at `path`, its directories made as needed. */
function plantFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** Does `act` while the directory has `mode`; one that is shut can't be removed. */
export async function withMode(directory: string, mode: number, act: () => Promise<void>) {
  chmodSync(directory, mode)
  await act().finally(() => {
    chmodSync(directory, 0o755)
  })
}
