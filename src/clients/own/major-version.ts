import { spawnSync } from 'node:child_process'

/** How long a program may take to tell its version, in milliseconds. */
const PATIENCE = 10_000

/**
 * The first number of the version of the program at a path, as it tells by `--version`, be it on standard
 * output or error; null when it does not.
 */
export function majorVersion(path: string): number | null {
  const { stdout, stderr } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
  })
  // Neither is there when the program could not be started
  const told = [stdout, stderr].map((text: string | null) => text ?? '').join('\n')
  const [, major] = /^\S+ (\d{1,6})\./m.exec(told) ?? []
  return major === undefined ? null : Number(major)
}
