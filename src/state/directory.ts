import { homedir } from 'node:os'
import { join } from 'node:path'

/** The sources of the state directory's path. */
export interface StateDirectorySources {
  /** `--state-dir`. */
  readonly option: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isRoot: boolean
}

/**
 * Returns the directory for data that must not be lost. The first of these counts: the option,
 * BTKIT_STATE_DIR, systemd's STATE_DIRECTORY, the default. The default is /var/lib/btkit for root
 * and the user's own state directory for others (XDG Base Directory Specification).
 */
export function stateDirectory({ option, env, isRoot }: StateDirectorySources): string {
  // systemd may name several, separated by colons
  const given = option ?? (env['BTKIT_STATE_DIR'] || env['STATE_DIRECTORY']?.split(':')[0])
  if (given) return given
  if (isRoot) return '/var/lib/btkit'
  const home = env['HOME'] || homedir()
  const base = env['XDG_STATE_HOME'] || env['LOCALAPPDATA'] || join(home, '.local', 'state')
  return join(base, 'btkit')
}
