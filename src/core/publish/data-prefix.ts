import { isWithin } from '../../files/inside.js'

/** A directory on this machine, and its path as a client sees it. */
export interface DataPrefix {
  readonly local: string
  readonly remote: string
}

/** A directory's path as a client sees it. The longest matching prefix is replaced. */
export function remoteDirectory(local: string, prefixes: readonly DataPrefix[]): string {
  const fitting = prefixes.filter((prefix) => isWithin(local, prefix.local))
  fitting.sort((a, b) => b.local.length - a.local.length)
  const [prefix] = fitting
  if (!prefix) return local
  const below = local.slice(prefix.local === '/' ? 0 : prefix.local.length)
  return prefix.remote.replace(/\/$/, '') + below || '/'
}
