import { encodedValue } from '../../metainfo/edit/splice-torrent.js'
import type { ContentRules } from '../../core/digests/content.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import type { Metainfo, MetainfoVersion } from '../../metainfo/metainfo.js'
import type { ServiceOptions } from '../options.js'
import { directoryOf, setContent } from './content.js'
import { hasSamePieces, type GivenTorrents } from './given-torrents.js'
import type { ServedTorrent } from './served-torrent.js'
import { fileKey } from './source-key.js'
import type { Waiter } from './flights.js'
import { stateOf } from './file-changes.js'
import { OPTIONS_OF_FILE } from './recorded.js'
import type { MirrorSource } from './make.js'
import type { CurrentTorrent } from './known-results.js'
import type { Torrents } from './torrents.js'
import type { Look } from '../tree/below-root.js'
import { isUnchangedNow } from '../tree/open-looked.js'
import type { ServerContext } from '../../server/context.js'
import { isRacy } from '../../disk/cache/trust.js'
import { MirrorView } from '../tree/mirror.js'

/** The form of the torrent, or the operator's own that it is compared with. */
type WantedFile = Metainfo | Pick<ContentRules, 'version' | 'pieceLength'>

/** A file, with the look at it if it is known. */
export interface LookedUpFile extends ScannedFile {
  readonly look?: Look
}

/** The torrents of single files: the operator's own if there is one, otherwise made on demand. */
export class FileTorrents {
  constructor(
    private readonly torrents: Torrents,
    private readonly given: GivenTorrents,
    private readonly options: Pick<ServiceOptions, 'mirror' | 'pieceLength'>,
    private readonly now: ServerContext['now'],
  ) {}

  /**
   * Obtains the torrent of a file that was just looked up. If version 1 is wanted, the default, an
   * operator's torrent of any version is accepted.
   * @throws Refusal; BtkitError if the file cannot be read
   */
  async obtain(
    file: LookedUpFile,
    version: MetainfoVersion,
    requester: Waiter,
  ): Promise<CurrentTorrent> {
    const { torrents, given, options } = this
    for (const metainfo of given.isUsed ? await given.find(file) : []) {
      if (version !== 'v1' && version !== metainfo.version) continue
      const checked = await torrents.obtain(this.source(file.path, metainfo, file), requester)
      if (hasSamePieces(metainfo, checked.torrent))
        return { ...checked, torrent: givenTorrent(checked.torrent, metainfo) }
      given.tellOther(metainfo)
    }
    const wanted = { version, pieceLength: options.pieceLength }
    return torrents.obtain(this.source(file.path, wanted, file), requester)
  }

  /** The torrent of a file that is made here; `looked` is what a look at it just found. */
  source(
    path: readonly string[],
    wanted: WantedFile,
    looked: LookedUpFile | null = null,
  ): MirrorSource {
    const { mirror } = this.options
    const { version, pieceLength } = wanted
    let lookedUp = looked
    const look = async () => {
      const current = lookedUp ?? (await new MirrorView(mirror).file(path))
      lookedUp = null
      const content = setContent({ isSingle: true, version, pieceLength }, [current])
      const state = stateOf(current)
      const directory = directoryOf(path)
      return { content, options: OPTIONS_OF_FILE, state, directory, omitted: [] }
    }
    const key = fileKey(version, pieceLength, path)
    const isCompared = 'infoSpan' in wanted
    const isSameNow = looked?.look && this.#follow(path, looked.look)
    return { key, effort: null, look, isCompared, state: looked && stateOf(looked), isSameNow }
  }

  /** Returns whether a file, and what is beside it, are still as a look found them. */
  #follow(path: readonly string[], look: Look): CurrentTorrent['isSameNow'] {
    // Torrents of the operator come and go elsewhere
    if (this.given.isUsed || isRacy(look.parent, this.now(), 'full')) return undefined
    const looked = { place: this.options.mirror, path: path.join('/'), look }
    return () => isUnchangedNow(looked)
  }
}

function givenTorrent(found: ServedTorrent, given: Metainfo): ServedTorrent {
  const { start, end } = given.infoSpan
  const { infoHash, infoHashV2 } = given
  return {
    ...found,
    info: given.bytes.subarray(start, end),
    pieceLayers: encodedValue(given, 'piece layers') ?? null,
    infoHash: infoHash ?? infoHashV2 ?? '',
    infoHashes: { infoHash, infoHashV2 },
    given,
  }
}
