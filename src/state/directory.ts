import { homedir } from 'node:os'
import { join } from 'node:path'

/** What the place of the state depends on. */
export interface StateDirectorySources {
  /** `--state-dir`. */
  readonly option: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isRoot: boolean
}

/**
 * The directory of what must not be lost: the option's, else that of BTKIT_STATE_DIR, else systemd's
 * STATE_DIRECTORY, else the system's state directory for root and the user's own for others (XDG
 * Base Directory Specification).
 */
export function stateDirectory({ option, env, isRoot }: StateDirectorySources): string {
  // systemd may name several, with colons between them
  const given = option ?? (env['BTKIT_STATE_DIR'] || env['STATE_DIRECTORY']?.split(':')[0])
  if (given) return given
  if (isRoot) return '/var/lib/btkit'
  const home = env['HOME'] || homedir()
  const base = env['XDG_STATE_HOME'] || env['LOCALAPPDATA'] || join(home, '.local', 'state')
  return join(base, 'btkit')
}
