import { constants, existsSync, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { callSystem, orClose } from '../../base/errors.js'
import { readFingerprintIfThere, type Fingerprint } from '../file-lists/fingerprint.js'
import { childPath } from '../look/inside.js'
import { NO_LINK } from '../look/read-bounded.js'
import { closeDone, makeDirectory } from '../../base/directories.js'
import { followLinks, isOfUsOrRoot } from './target.js'

/** Where Linux has paths of open files, which lead to these files alone. */
const OPEN_FILES = '/proc/self/fd'
const hasOpenFiles = existsSync(OPEN_FILES)

/** Opens a directory that may be entered, even one that may not be listed: O_PATH of Linux. */
const TO_ENTER = hasOpenFiles ? 0o10000000 : constants.O_RDONLY
const FLAGS = TO_ENTER | ((constants.O_DIRECTORY as number | undefined) ?? 0) | NO_LINK

/** The mode of directories that are for all whom umask does not keep out. */
export const OPEN_TO_ALL = 0o777

/**
 * A directory to act in. Every act on a name in it is by the path `at` the name: where that is
 * possible it leads to the directory that was opened, even if another one takes its name.
 * Messages, records and comparisons have the path `of` the name.
 */
export class Directory {
  private constructor(
    /** Its path for people and records: the real one when it was opened. */
    readonly path: string,
    private readonly reach: string,
    private readonly descriptor: number | null,
    /** Whether it was just made, so that it is empty. */
    readonly isNew: boolean,
  ) {}

  /** Returns the directory that has a path at the time of each act. There is nothing to close. */
  static named(path: string): Directory {
    return new Directory(path, path, null, false)
  }

  /**
   * Opens a directory below a root to write into it. The directories between both are opened one
   * after the other, so that no user who can write to one of them leads the writer elsewhere.
   * Missing ones get the permissions that umask leaves of `mode`; with null, none is created.
   * @throws BtkitError `not-permitted` for a link of another user below the root; `not-found`,
   *   `not-permitted` or `io`
   */
  static below(root: string, names: readonly string[], mode: number | null): Directory {
    const openRoot = () => Directory.#open(realpathSync.native(root))
    let found = callSystem(root, () => Directory.#orMake(openRoot, root, mode))
    for (const [i, name] of names.entries()) {
      const above = found
      try {
        found = above.open(name, join(root, ...names.slice(0, i + 1)), mode)
      } finally {
        above.close()
      }
    }
    return found
  }

  /** Does the same with a name in this directory; `shown` is its path for messages. */
  open(name: string, shown: string, mode: number | null): Directory {
    const path = this.at(name)
    const openNamed = () => Directory.#open(followLinks(path, isOfUsOrRoot, shown))
    return callSystem(shown, () => Directory.#orMake(openNamed, path, mode))
  }

  /** The path to act by on a name in it, or on the directory itself. */
  at(name?: string): string {
    return name === undefined ? this.reach : childPath(this.reach, name)
  }

  /** The path of a name in it for people and records. */
  of(name: string): string {
    return childPath(this.path, name)
  }

  /** Ends acts in it, unless it is only named. */
  close(): void {
    if (this.descriptor !== null) closeDone(this.descriptor)
  }

  /** Throws system errors unchanged. */
  static #open(path: string, isNew = false): Directory {
    const descriptor = openSync(path, FLAGS)
    if (!hasOpenFiles) return new Directory(path, path, descriptor, isNew)
    const reach = join(OPEN_FILES, String(descriptor))
    const real = orClose(closeDone.bind(null, descriptor), () => readlinkSync(reach))
    return new Directory(real, reach, descriptor, isNew)
  }

  /** Opens a directory, which is made if nothing is there. */
  static #orMake(open: () => Directory, path: string, mode: number | null): Directory {
    // An exception for each of many would take longer
    if (mode === null || isThere(path)) return open()
    makeDirectory(path, mode)
    // A link that takes its place is not followed
    return Directory.#open(path, true)
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** Where a file is, or will be: its path, or its name in a directory. */
export type FilePlace = string | { readonly directory: Directory; readonly name: string }

/** The path to act by on a file. */
export function actPath(place: FilePlace): string {
  return typeof place === 'string' ? place : place.directory.at(place.name)
}

/** The path of a file for people and records. */
export function shownPath(place: FilePlace): string {
  return typeof place === 'string' ? place : place.directory.of(place.name)
}

/**
 * Returns the fingerprint of a file without following links; null if there is none.
 * @throws BtkitError `not-permitted` or `io`
 */
export function fingerprintAt(place: FilePlace): Fingerprint | null {
  return readFingerprintIfThere(actPath(place), shownPath(place))
}

/** Opens directories below a root as Directory.below does. Neighbours are opened in less time. */
export class NeighboursBelow {
  #above: { readonly place: string; readonly directory: Directory } | null = null

  constructor(private readonly root: string) {}

  /**
   * Opens a directory, which the caller closes.
   * @throws BtkitError as Directory.below
   */
  open(names: readonly string[], mode: number | null): Directory {
    const name = names.at(-1)
    if (name === undefined) return Directory.below(this.root, [], mode)
    const places = names.slice(0, -1)
    const place = places.join('/')
    if (this.#above?.place !== place) {
      this.close()
      this.#above = { place, directory: Directory.below(this.root, places, mode) }
    }
    return this.#above.directory.open(name, join(this.root, ...names), mode)
  }

  /** Lets go of the directory above the last one. */
  close(): void {
    this.#above?.directory.close()
    this.#above = null
  }
}
