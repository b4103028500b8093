import { encodedValue } from '../../metainfo/edit/splice-torrent.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { Metainfo, MetainfoVersion } from '../../metainfo/metainfo.js'
import type { PathSets } from '../pkgtorrent/path-sets.js'
import { viewSet, type PieceLength } from '../pkgtorrent/set.js'
import type { Requester } from '../requests/requester.js'
import { hasSamePieces, type GivenTorrents } from '../torrents/given-torrents.js'
import type { KnownTorrent } from '../torrents/known-torrent.js'
import type { CurrentTorrent } from '../torrents/on-demand.js'

export interface FileTorrentsParts {
  readonly sets: PathSets
  readonly given: GivenTorrents
  /** The piece length of torrents made on demand. */
  readonly pieceLength: PieceLength
}

/** The torrents of single files: the operator's own if there is one, otherwise made on demand. */
export class FileTorrents {
  /** Whether the pieces of an operator's torrent match those found in its file. */
  readonly #compared = new WeakMap<KnownTorrent, WeakMap<Metainfo, boolean>>()

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
        return { ...checked, torrent: givenTorrent(checked.torrent, metainfo) }
      }
      given.tellOther(metainfo)
    }
    return sets.obtain(viewSet(file.path, version, pieceLength), requester)
  }

  #isOf(metainfo: Metainfo, found: KnownTorrent): boolean {
    const known = this.#compared.get(found) ?? new WeakMap<Metainfo, boolean>()
    this.#compared.set(found, known)
    const isOf = known.get(metainfo) ?? hasSamePieces(metainfo, found)
    known.set(metainfo, isOf)
    return isOf
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
