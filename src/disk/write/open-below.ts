import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
} from 'node:fs'
import { join } from 'node:path'
import { callSystem } from '../../base/errors.js'
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

  /** `isNew` says that it was just made, so that it is empty. Throws system errors unchanged. */
  constructor(
    path: string,
    readonly isNew = false,
  ) {
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

/** Opens directories below a root as openBelow does. Neighbours are opened in less time. */
export class NeighboursBelow {
  #above: { readonly place: string; readonly held: HeldDirectory } | null = null

  constructor(private readonly root: string) {}

  /**
   * Opens a directory, which the caller closes.
   * @throws BtkitError as openBelow
   */
  open(names: readonly string[], mode: number | null): HeldDirectory {
    const name = names.at(-1)
    if (name === undefined) return openBelow(this.root, [], mode)
    const places = names.slice(0, -1)
    const place = places.join('/')
    if (this.#above?.place !== place) {
      this.close()
      this.#above = { place, held: openBelow(this.root, places, mode) }
    }
    const { held } = this.#above
    const shown = join(this.root, ...names)
    return callSystem(shown, () => openIn(held, name, { shown, mode }))
  }

  /** Lets go of the directory above the last one. */
  close(): void {
    this.#above?.held.close()
    this.#above = null
  }
}

function openIn(
  { way }: HeldDirectory,
  name: string,
  { shown, mode }: { readonly shown: string; readonly mode: number | null },
): HeldDirectory {
  const path = join(way, name)
  return orMake(() => new HeldDirectory(followLinks(path, isOfUsOrRoot, shown)), path, mode)
}

/** Opens a directory, which is made if nothing is there. */
function orMake(open: () => HeldDirectory, path: string, mode: number | null): HeldDirectory {
  // An exception for each of many would take longer
  if (mode === null || isThere(path)) return open()
  makeDirectory(path, mode)
  // A link that takes its place is not followed
  return new HeldDirectory(path, true)
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
