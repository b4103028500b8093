import { closeSync, constants, existsSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { callSystem, osCodeOf } from '../../base/errors.js'
import { NO_LINK } from '../look/read-bounded.js'
import { makeDirectory } from '../../base/directories.js'
import { followLinks, isOfUsOrRoot } from './target.js'

/** Where Linux has paths of open files, which lead to these files alone. */
const OPEN_FILES = '/proc/self/fd'
const hasOpenFiles = existsSync(OPEN_FILES)

/** Opens a directory that may be entered, even one that may not be listed: O_PATH of Linux. */
const TO_ENTER = hasOpenFiles ? 0o10000000 : constants.O_RDONLY
const FLAGS = TO_ENTER | ((constants.O_DIRECTORY as number | undefined) ?? 0) | NO_LINK

/** The mode of directories that are for all whom umask does not keep out. */
export const OPEN_TO_ALL = 0o777

/** An open directory. */
export class HeldDirectory {
  readonly #descriptor: number
  /** Its real path when it was opened. */
  readonly path: string
  /** A path that leads to it even if another directory takes its name, where that is possible. */
  readonly way: string

  /** Throws system errors unchanged. */
  constructor(path: string) {
    this.#descriptor = openSync(path, FLAGS)
    const way = join(OPEN_FILES, String(this.#descriptor))
    this.path = hasOpenFiles ? readlinkSync(way) : path
    this.way = hasOpenFiles ? way : path
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/**
 * Opens a directory below a root to write into it. The directories on the way are opened one after
 * the other, so that no user who can write to one of them leads the writer elsewhere. Missing ones
 * get the permissions that umask leaves of `mode`; with null, none is created.
 * @throws BtkitError `not-permitted` for a link of another user below the root; `not-found`,
 *   `not-permitted` or `io`
 */
export function openBelow(root: string, names: readonly string[], mode: number | null) {
  const openRoot = () => new HeldDirectory(realpathSync.native(root))
  let at = callSystem(root, () => orMake(openRoot, root, mode))
  for (const [i, name] of names.entries()) {
    const above = at
    const shown = join(root, ...names.slice(0, i + 1))
    try {
      at = callSystem(shown, () => openIn(above, name, { shown, mode }))
    } finally {
      above.close()
    }
  }
  return at
}

function openIn(
  { way }: HeldDirectory,
  name: string,
  { shown, mode }: { readonly shown: string; readonly mode: number | null },
): HeldDirectory {
  const path = join(way, name)
  const open = () => new HeldDirectory(followLinks(path, isOfUsOrRoot, shown))
  return orMake(open, path, mode)
}

/** Opens a directory, which is made if it is not there. */
function orMake(open: () => HeldDirectory, path: string, mode: number | null): HeldDirectory {
  try {
    return open()
  } catch (error) {
    if (mode === null || osCodeOf(error) !== 'ENOENT') throw error
    makeDirectory(path, mode)
    return open()
  }
}
