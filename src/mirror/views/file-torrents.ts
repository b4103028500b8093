import { digestOf } from '../../digest.js'
import { encodedValue } from '../../metainfo/edit/splice-torrent.js'
import { LRUCache } from 'lru-cache'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Metainfo, MetainfoVersion } from '../../metainfo/metainfo.js'
import type { PathSets } from '../pkgtorrent/path-sets.js'
import { viewSet, type PieceLength } from '../pkgtorrent/set.js'
import type { Requester } from '../requests/requester.js'
import { hasSamePieces, type GivenTorrents } from '../torrents/given-torrents.js'
import type { KnownTorrent } from '../torrents/known-torrent.js'
import type { CurrentTorrent } from '../torrents/on-demand.js'
import type { ServerContext } from '../../server/context.js'

/** Most files whose last torrent is remembered. */
const MOST_FILES = 10_000

export interface FileTorrentsParts extends Pick<ServerContext, 'now'> {
  readonly sets: PathSets
  readonly given: GivenTorrents
  /** The piece length of torrents made on demand. */
  readonly pieceLength: PieceLength
}

/** The torrents of single files: the operator's own if there is one, otherwise made on demand. */
export class FileTorrents {
  /** Whether the pieces of an operator's torrent match those found in its file. */
  readonly #compared = new WeakMap<KnownTorrent, WeakMap<Metainfo, boolean>>()
  readonly #last = new LRUCache<string, { given: string; sinceMs: number }>({ max: MOST_FILES })

  constructor(private readonly parts: FileTorrentsParts) {}

  /**
   * Obtains the torrent of a file. If version 1 is wanted, the default, an operator's torrent of
   * any version is accepted.
   * @throws Refusal; BtkitError if the file cannot be read
   */
  async obtain(
    file: ScannedFile,
    version: MetainfoVersion,
    requester: Requester,
  ): Promise<CurrentTorrent> {
    const { sets, given, pieceLength } = this.parts
    for (const metainfo of given.isUsed ? await given.find(file) : []) {
      if (version !== 'v1' && version !== metainfo.version) continue
      const { version: own, pieceLength: length } = metainfo
      const checked = await sets.obtain(viewSet(file.path, own, length), requester)
      if (this.#isOf(metainfo, checked.torrent)) {
        return this.#tell(checked, givenTorrent(checked.torrent, metainfo), file)
      }
      given.tellOther(metainfo)
    }
    const checked = await sets.obtain(viewSet(file.path, version, pieceLength), requester)
    return given.isUsed ? this.#tell(checked, checked.torrent, file) : checked
  }

  #isOf(metainfo: Metainfo, found: KnownTorrent): boolean {
    const known = this.#compared.get(found) ?? new WeakMap<Metainfo, boolean>()
    this.#compared.set(found, known)
    const isOf = known.get(metainfo) ?? hasSamePieces(metainfo, found)
    known.set(metainfo, isOf)
    return isOf
  }

  /** Dates a torrent after the one sent before: two torrents of one file never share a date. */
  #tell(checked: CurrentTorrent, torrent: KnownTorrent, { path }: ScannedFile): CurrentTorrent {
    const key = path.join('/')
    const given = torrent.given ? digestOf('sha1', torrent.given.bytes).toString('hex') : ''
    const before = this.#last.get(key)
    if (!before && given === '') return checked
    const isSame = before?.given === given
    const later = Math.max(this.parts.now(), before ? before.sinceMs + 1000 : 0)
    const sinceMs = isSame ? before.sinceMs : later
    if (!isSame) this.#last.set(key, { given, sinceMs })
    return new DatedTorrent(checked, torrent, Math.max(checked.sinceMs, sinceMs))
  }
}

/** A torrent that is as fresh as the one it was checked by. */
class DatedTorrent implements CurrentTorrent {
  constructor(
    readonly by: CurrentTorrent,
    readonly torrent: KnownTorrent,
    readonly sinceMs: number,
  ) {}

  get checkedAt(): number {
    return this.by.checkedAt
  }

  set checkedAt(at: number) {
    this.by.checkedAt = at
  }
}

function givenTorrent(found: KnownTorrent, given: Metainfo): KnownTorrent {
  const { start, end } = given.infoSpan
  const { infoHash: v1, infoHashV2: v2 } = given
  return {
    ...found,
    info: given.bytes.subarray(start, end),
    pieceLayers: encodedValue(given, 'piece layers') ?? null,
    infoHash: v1 ?? v2 ?? '',
    infoHashes: { v1, v2 },
    given,
  }
}
