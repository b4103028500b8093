import { existsSync } from 'node:fs'
import { BtkitError, callSystem, valueOr } from '../base/errors.js'
import {
  readFingerprint,
  sameFingerprint,
  type Fingerprint,
} from '../disk/file-lists/fingerprint.js'
import { readWhole, readStart } from '../disk/look/read-bounded.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import type { InfoHashes } from '../metainfo/values.js'
import { isTorrent, parseMetainfo } from '../metainfo/parse/metainfo.js'
import { MAX_TORRENT } from '../metainfo/sizes.js'

/** The file at the path of a new torrent. */
interface OldFile {
  /** Null if it cannot be parsed. */
  readonly torrent: Metainfo | null
  readonly isReplaceable: boolean
}

/**
 * Looks at the file at the path of a new torrent. It is read once, and again only after a change.
 */
export class ReplacedTorrent {
  #seen: (OldFile & { readonly fingerprint: Fingerprint }) | null = null

  /** The torrent at a path; null if there is none that can be parsed. */
  at(path: string): Metainfo | null {
    return existsSync(path) ? valueOr(null, () => this.#look(path).torrent) : null
  }

  /**
   * Checks that a new torrent at `path` replaces only an older torrent, or an empty file such as
   * those of mktemp(1).
   * @throws BtkitError `exists` if the file has other content, `not-found`, `not-permitted` or `io`
   *   if it cannot be read
   */
  check(path: string): void {
    if (this.#look(path).isReplaceable) return
    const why = 'already exists and is not a torrent (--force replaces it)'
    throw new BtkitError('exists', `${path}: ${why}`)
  }

  /**
   * Checks also that it replaces no torrent with other info hashes: its clients would not follow.
   * @throws BtkitError `exists`, and as `check`
   */
  checkSame(path: string, { infoHash, infoHashV2 }: InfoHashes): void {
    this.check(path)
    const old = this.at(path)
    if (old === null || (old.infoHash === infoHash && old.infoHashV2 === infoHashV2)) return
    refuseOther(path, old)
  }

  #look(path: string): OldFile {
    const fingerprint = callSystem(path, () => readFingerprint(path))
    if (this.#seen && sameFingerprint(this.#seen.fingerprint, fingerprint)) return this.#seen
    this.#seen = { ...readOld(path), fingerprint }
    return this.#seen
  }
}

/** Checks a path once, as ReplacedTorrent does. */
export function requireTorrent(path: string): void {
  new ReplacedTorrent().check(path)
}

function readOld(path: string): OldFile {
  const [first] = readStart(path, 1)
  if (first !== DICTIONARY) return { torrent: null, isReplaceable: first === undefined }
  try {
    const bytes = readWhole(path, MAX_TORRENT)
    const torrent = valueOr(null, () => parseMetainfo(bytes, { maxSize: MAX_TORRENT }))
    return { torrent, isReplaceable: torrent !== null || isTorrent(bytes) }
  } catch (error) {
    if (error instanceof BtkitError && error.code === 'too-large') return NOT_A_TORRENT
    throw error
  }
}

/** The first byte of a torrent: it is a dictionary. */
const DICTIONARY = 'd'.charCodeAt(0)

const NOT_A_TORRENT: OldFile = { torrent: null, isReplaceable: false }

/** @throws BtkitError `exists` for a torrent that a new one with another info hash would replace */
export function refuseOther(path: string, { infoHash, infoHashV2 }: InfoHashes): never {
  const why = `another torrent (info hash ${infoHash ?? infoHashV2}) is there`
  throw new BtkitError('exists', `${path}: ${why}; --force replaces it, --output writes elsewhere`)
}
