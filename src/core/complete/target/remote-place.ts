import { join } from 'node:path/posix'
import { encodeFingerprint, FINGERPRINT_LENGTH } from '../../../disk/file-lists/fingerprint.js'
import { FingerprintTable } from '../../../disk/file-lists/fingerprint-table.js'
import type { FileState } from '../../../disk/file-lists/scanned-file.js'
import type { BtkitError } from '../../../base/errors.js'
import { compareBytes } from '../../../disk/look/read-names.js'
import { NO_FILES, type FileListing } from '../../../disk/look/stat-files.js'
import type { NameFilter } from '../../../disk/scan/glob.js'
import type { ChecksumName } from '../../checksums/list.js'
import type { ReadOnce } from '../../digests/cache-access.js'
import type { HashContext } from '../../digests/hash-content.js'
import type { Arrival } from '../../make/from-streams.js'
import {
  digestsOfStated,
  fingerprintOfStated,
  stateKey,
  readStatedOnce,
  type StatedFile,
} from '../../make/stated-content.js'
import { shownUrl } from '../../../base/text/secrets.js'
import { isSecret, publicSeed } from '../../remote/remote-content.js'
import { identityOf, type RemoteDirectory } from '../../remote/remote-directory.js'
import { lastName } from '../../remote/remote-file.js'

/** The rules that the directories of a list share. */
export interface ListRules {
  readonly list: RemoteDirectory
  /** The name of the one torrent of all files; null for one of each file. */
  readonly together: string | null
  readonly filter: NameFilter | undefined
  readonly checksums: readonly ChecksumName[]
  /** Returns the web seeds of a directory; null if each file is its own. */
  readonly seedsIn: ((path: readonly string[]) => readonly string[]) | null
}

/** A directory of a list at a URL. Its entries are files on servers. */
export class RemotePlace {
  /** The beginning of the paths of its entries in records. */
  readonly place: string
  /** The beginning of the addresses of its entries, for people. */
  readonly prefix: string
  /** Its entries, with the states of those that are known without a question. */
  readonly states: FileListing
  readonly #names: ReadonlySet<string>
  /** The files that were opened, by the names of stateKey. */
  readonly #opened = new Map<string, StatedFile>()
  /** The checksums of files that were read. */
  readonly #digests = new Map<string, Uint8Array>()
  #readOnce: ReadOnce | null = null
  #all: readonly string[] | null = null

  /** `path` is that below the list. Without names, the directory is gone from the list. */
  constructor(
    private readonly rules: ListRules,
    private readonly path: string,
    names: readonly string[],
  ) {
    const { list, together } = rules
    this.place = `${identityOf(list.url)}/${path === '' ? '' : `${path}/`}`
    const isPlain = together === null && !list.isScattered
    this.prefix = isPlain ? `${shownUrl(list.base)}${path === '' ? '' : `${path}/`}` : this.place
    this.#names = new Set(names)
    this.states = names.length > 0 ? this.#list([...names].sort(compareBytes)) : NO_FILES
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** The list if it does not show which files are gone; else null. */
  get doubtfulList(): string | null {
    const { list } = this.rules
    return list.isDoubtful ? shownUrl(list.url) : null
  }

  /** Why patterns leave an entry out; null if they do not. */
  whyLeftOut(name: string): 'excluded' | 'not included' | null {
    if (this.rules.together !== null) return null
    return this.rules.filter?.reasonOf(join(this.path, name)) ?? null
  }

  /** Whether the states of an entry's files are known without a question. */
  isKnown(name: string): boolean {
    return this.#pathsOf(name).every((path) => this.rules.list.isKnown(path))
  }

  /** Records that the file of an entry has another checksum than its list says. */
  refuse(name: string, { message }: BtkitError): void {
    const { together, list } = this.rules
    if (together === null) list.refuse(join(this.path, name), message)
  }

  /** Asks for the states of all files of entries. */
  ask(names: readonly string[]): Promise<void> {
    return this.rules.list.ask(names.flatMap((name) => this.#pathsOf(name)))
  }

  /**
   * Returns the content of an entry.
   * @throws BtkitError the fault of one of its files
   */
  arrivalOf(name: string): Arrival & { readonly files: readonly StatedFile[] } {
    const { list, together } = this.rules
    const isDirectory = together !== null
    const files = this.#pathsOf(name).map((path) => {
      const file = list.fileAt(path)
      this.#opened.set(stateKey(file), file)
      return isDirectory ? file : { ...file, path: name }
    })
    const place = isDirectory ? list.base : list.addressOf(join(this.path, name))
    return { place: shownUrl(place), isDirectory, files }
  }

  /** The web seeds of all entries; empty if each has its own. */
  get seeds(): readonly string[] {
    return this.rules.seedsIn?.(this.path === '' ? [] : this.path.split('/')) ?? []
  }

  /**
   * The web seeds of an entry.
   * @throws BtkitError `usage` for an address that must not be in a torrent, or is not one
   */
  seedsOf(name: string): readonly string[] {
    const { list, together, seedsIn } = this.rules
    if (seedsIn) return this.seeds
    if (together === null) return [list.addressOf(join(this.path, name))]
    const { base } = list
    const arrival = { place: base, isDirectory: true, files: [] }
    const isScattered = list.isScattered
    const webSeed = isSecret(base) ? null : new URL('..', base).href
    const content = { name: lastName(base), webSeed, isScattered, arrival }
    return [publicSeed(content, name, '--together')]
  }

  /** How the bytes of its entries are read. */
  hashing<T extends HashContext>(context: T): T {
    const { cacheAccess } = context
    this.#readOnce ??= readStatedOnce((key) => this.#opened.get(key), cacheAccess.cache, {
      names: this.rules.checksums,
      note: (file, name, digest) => {
        if (digest) this.#digests.set(`${name} ${stateKey(file)}`, digest)
      },
    })
    const reader = { readOnce: this.#readOnce, isElsewhere: true }
    const rules = { ...context.rules, smallFiles: null }
    const digestsOf = (file: FileState, names: readonly ChecksumName[]) =>
      this.#digestsOf(file, names)
    return { ...context, cacheAccess: { ...cacheAccess, reader }, rules, digestsOf }
  }

  /** Returns checksums of an entry's file, which is read unless that was done for its pieces. */
  async #digestsOf({ absolutePath }: FileState, names: readonly ChecksumName[]) {
    const file = this.#opened.get(absolutePath)
    const known = names.flatMap((name) => this.#digests.get(`${name} ${absolutePath}`) ?? [])
    if (!file || known.length === names.length) return known
    return digestsOfStated(file, names)
  }

  /** The paths of an entry's files below the list. */
  #pathsOf(name: string): readonly string[] {
    const { together, list, filter } = this.rules
    if (together === null) return [join(this.path, name)]
    return (this.#all ??= list.paths.filter((path) => !filter?.reasonOf(path)))
  }

  #list(names: readonly string[]): FileListing {
    const { list, together } = this.rules
    const table = new FingerprintTable(new Uint8Array(FINGERPRINT_LENGTH * names.length))
    for (const [i, name] of names.entries()) {
      if (together !== null) table.markDirectory(i)
      else if (this.isKnown(name)) {
        const fingerprint = fingerprintOfStated(list.fileAt(join(this.path, name)))
        table.bytes.set(encodeFingerprint(fingerprint), FINGERPRINT_LENGTH * i)
      }
    }
    return { names, table }
  }
}
