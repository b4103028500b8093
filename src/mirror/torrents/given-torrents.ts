import { setImmediate } from 'node:timers/promises'
import { isSameBytes } from '../../base/bytes.js'
import { warnOnce } from '../../base/warn-once.js'
import { isRacy } from '../../disk/cache/trust.js'
import { osCodeOf, valueOr, failureOf } from '../../base/errors.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { DEFAULT_MAX_DEPTH } from '../../metainfo/bencode/check.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import { isByteString } from '../../metainfo/bencode/value.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { readFileTree } from '../../metainfo/parse/file-tree.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { requireDict } from '../../metainfo/parse/require-field.js'
import { MAX_PIECE_POW2, MIN_PIECE_POW2 } from '../../metainfo/piece-length.js'
import { WarningList } from '../../metainfo/warning.js'
import { MOST_V2_BYTES } from '../tree/address.js'
import { readBeginning } from '../tree/open-looked.js'
import { MirrorView } from '../tree/mirror.js'
import { stateOf } from './file-changes.js'
import type { KnownThings } from './known-results.js'
import { NotReady } from '../../server/headers/refusal.js'
import type { ServerContext } from '../../server/context.js'

/** Most bytes of a torrent; larger ones are ignored. */
const LARGEST = 16 * 2 ** 20

/** Most values of a torrent: one of many files is refused later, and may take seconds to parse. */
const MOST_VALUES = 10_000

/** Bytes of a torrent that is parsed without waiting for a turn. */
const SMALL = 64 * 1024

/** Most torrents about which a warning is given. */
const MOST_TOLD = 100

/**
 * The operator's own torrents of files of the mirror, which are served instead of new ones. For
 * `pub/a.iso` this is `pub/a.iso.torrent` below one of the directories, or `a.iso.torrent` in it.
 * Links must not lead out of these directories.
 */
export class GivenTorrents {
  readonly #warn: ReturnType<typeof warnOnce>
  /** Where torrents are: several may have one name. */
  readonly #paths = new WeakMap<Metainfo, string>()

  /** Of the directories to search for torrents, the first one has priority. */
  constructor(
    private readonly directories: readonly string[],
    private readonly known: KnownThings,
    private readonly world: Pick<ServerContext, 'now' | 'warn'>,
  ) {
    this.#warn = warnOnce(world.warn, MOST_TOLD)
  }

  /** Whether there are any directories to search. */
  get isUsed(): boolean {
    return this.directories.length > 0
  }

  /**
   * The public torrents that match a file by name and size. Whether their pieces match is known
   * only after the file is hashed.
   * @throws NotReady
   */
  async find(file: ScannedFile): Promise<Metainfo[]> {
    const found: Metainfo[] = []
    for (const place of await this.#places(file.path)) {
      const metainfo = await this.#parse(place)
      const fault = metainfo && faultOf(metainfo, file)
      if (metainfo) this.#paths.set(metainfo, place.absolutePath)
      if (metainfo && fault === null) found.push(metainfo)
      else this.#tell(place.absolutePath, fault ?? 'not a torrent of one file, of at most 16 MiB')
    }
    return found
  }

  /** Warns once for each torrent why it is not served. */
  #tell(path: string, why: string): void {
    this.#warn(path, `--torrents: ${path}: ignored: ${why}`)
  }

  /** Warns that a torrent's pieces do not match its file. */
  tellOther(metainfo: Metainfo): void {
    const path = this.#paths.get(metainfo) ?? `${metainfo.name}.torrent`
    this.#tell(path, 'its pieces do not match the file')
  }

  /** A text that changes whenever the torrents of a file do. */
  async stampOf(path: readonly string[]): Promise<string> {
    return (await this.#places(path)).map(stateOf).join('\n')
  }

  async #places(path: readonly string[]): Promise<ScannedFile[]> {
    const torrent = [...path.slice(0, -1), `${path.at(-1) ?? ''}.torrent`]
    const wanted = path.length > 1 ? [torrent, torrent.slice(-1)] : [torrent]
    const found: ScannedFile[] = []
    for (const root of this.directories) {
      const view = new MirrorView({ root, hidden: true, followSymlinks: false })
      for (const components of wanted) {
        const failure = await failureOf(async () => found.push(await view.file(components)))
        if (failure instanceof NotReady) throw failure
      }
    }
    return found
  }

  /** Parses a torrent; what several requests ask for at once is parsed once. */
  async #parse(place: ScannedFile): Promise<Metainfo | null> {
    const isSettled = !isRacy(place.fingerprint, this.world.now(), 'full')
    const key = `given ${stateOf(place)}`
    const context = async () => ({ metainfo: await parseOrNull(place) })
    const known = await this.known.forceFetch(key, { context })
    // A later change might leave no trace
    if (!isSettled) this.known.delete(key)
    return 'metainfo' in known ? known.metainfo : null
  }
}

async function parseOrNull(place: ScannedFile): Promise<Metainfo | null> {
  if (place.fingerprint.size > LARGEST) return null
  const bytes = await readBeginning(place, LARGEST).catch((error: unknown) => {
    if (osCodeOf(error) !== undefined) return null
    throw error
  })
  if (!bytes) return null
  // A large one takes as long as many small requests
  if (bytes.length > SMALL) await setImmediate()
  return valueOr(null, () => parseMetainfo(bytes, { maxSize: LARGEST, maxValues: MOST_VALUES }))
}

/** Why a torrent cannot be served for a file; null if only its content can tell. */
function faultOf(metainfo: Metainfo, { path, fingerprint }: ScannedFile): string | null {
  const { files, isDirectory, name, pieceLength, version } = metainfo
  const [file, ...others] = files
  if (metainfo.private) return 'it is private'
  if (isDirectory || others.length > 0) return 'it is not of a single file'
  if (name !== path.at(-1)) return 'the name of its file differs'
  if (file?.length !== fingerprint.size) return 'the size of its file differs'
  const pow2 = Math.log2(pieceLength)
  if (!Number.isInteger(pow2) || pow2 < MIN_PIECE_POW2 || pow2 > MAX_PIECE_POW2)
    return 'its piece length is unusual'
  if (version !== 'v1' && fingerprint.size > MOST_V2_BYTES) return 'it is too large for version 2'
  return metainfo.warnings.some(({ code }) => code.startsWith('layer-'))
    ? 'its piece layers are wrong'
    : null
}

/** Whether a torrent has the pieces found in its file, which was hashed in the same form. */
export function hasSamePieces({ pieces, tree }: Metainfo, { info }: TorrentCore): boolean {
  const limits = { maxSize: info.length, maxDepth: DEFAULT_MAX_DEPTH }
  const made = requireDict(readBencode(info, limits).value, () => 'info')
  const found = made.get('pieces')
  const [file] = made.has('file tree') ? readFileTree(made, new WarningList()) : []
  const isSameV1 = isSameBytes(pieces, isByteString(found) ? found : null)
  return isSameV1 && isSameBytes(tree?.[0]?.piecesRoot ?? null, file?.piecesRoot ?? null)
}
