import { LRUCache } from 'lru-cache'
import type { Content } from '../../core/digests/content.js'
import {
  type Engine,
  hashContent,
  type HashContext,
  requireAllUnchanged,
} from '../../core/digests/hash-content.js'
import { composeSteps, type ContentInfo, type InfoRequest } from '../../core/digests/info.js'
import {
  countUnknown,
  countUnknownPieces,
  type PieceTable,
  unknownFiles,
} from '../../core/digests/piece-table.js'
import { recallSteps } from '../../core/digests/recall-pieces.js'
import { doInTurns } from '../../steps.js'
import { unlimitedTurns } from '../admission/admission.js'
import type { FileReads, ReadRequest, ToRead } from './file-reads.js'

/** Lists the files to read for a torrent whose known digests are in that table. */
export function toRead(content: Content, table: PieceTable): ToRead {
  return { files: [...unknownFiles(content, table)], bytes: bytesLeft(content, table) }
}

/** A torrent whose files must be read. */
export interface HashRequest extends ToRead, ReadRequest {
  readonly request: InfoRequest
}

/** Bytes of memory for digests of abandoned torrents. */
const UNFINISHED = 16 * 2 ** 20

/** Hashes the files of torrents. Digests of abandoned work are kept for the next request. */
export class FileHasher {
  readonly #unfinished = new LRUCache<string, PieceTable>({
    maxSize: UNFINISHED,
    sizeCalculation: sizeOfTable,
  })

  constructor(
    private readonly hashContext: HashContext,
    private readonly reads: FileReads,
  ) {}

  /**
   * Obtains the `info` of content, and reads what the cache does not know.
   * @throws BtkitError `changed`, NotReady, the signal's reason, and the errors of hashContent
   */
  obtain({ files, bytes, ...wanted }: HashRequest): Promise<ContentInfo> {
    const { request } = wanted
    let first: ToRead | null = { files, bytes }
    const left = async () => {
      const known = first ?? toRead(request.content, await this.#recall(request, wanted.signal))
      first = null
      return known
    }
    return this.reads.run(wanted, left, (note) => this.#hash(wanted, note))
  }

  /** The known digests of a torrent, also those of abandoned work; looks them up in turns. */
  async #recall({ content, input }: InfoRequest, signal: AbortSignal): Promise<PieceTable> {
    const steps = recallSteps(content, this.hashContext.cacheAccess)
    return this.#better({ input }, await doInTurns(steps, unlimitedTurns(signal)))
  }

  /** The known digests, or those of abandoned work if they are more. */
  #better({ input }: Pick<InfoRequest, 'input'>, recalled: PieceTable): PieceTable {
    const kept = this.#unfinished.get(keyOf(input))
    const isBetter = kept && countUnknownPieces(kept) < countUnknownPieces(recalled)
    return isBetter ? kept : recalled
  }

  async #hash(
    { request, ahead, signal }: Omit<HashRequest, keyof ToRead>,
    note: (bytesDone: number) => void,
  ): Promise<ContentInfo> {
    const { content, input, options } = request
    // The table of a large torrent is made only now: many torrents may wait
    const table = await this.#recall(request, signal)
    // Digests are kept though nobody wants them any more
    const turns = unlimitedTurns()
    // It may have waited long
    await requireAllUnchanged(unknownFiles(content, table), { turns })
    note(0)
    const { engine } = this.hashContext
    // Leaves other running jobs their share of threads
    const jobs = Math.max(1, this.reads.queue.running)
    const threads = Math.max(1, Math.floor(engine.threads / jobs))
    const onProgress: Engine['onProgress'] = ({ bytesDone }) => {
      note(bytesDone)
    }
    // Stops when nobody wants the work any more, and keeps what it has read
    const own = { ...engine, throttle: ahead?.throttle, threads, onProgress, giveUp: signal }
    const guards = { isGuarded: true, turns, refusesWritten: true }
    const before = bytesLeft(content, table)
    let bytesRead: number | null = null
    try {
      const guarded = { ...this.hashContext, engine: own, ...guards }
      const { bytesHashed, isSettled, ...digests } = await hashContent(content, guarded, table)
      // The other bytes were adopted from other machines
      bytesRead = bytesHashed
      this.#unfinished.delete(keyOf(input))
      // The `info` is not cached: it is quickly composed from digests, and strangers choose many
      // sets
      const core = await doInTurns(composeSteps(content, options, digests), unlimitedTurns())
      return { ...core, bytesHashed, isSettled }
    } finally {
      const left = bytesLeft(content, table)
      note(bytesRead ?? before - left)
      if (left > 0 && left < before) this.#unfinished.set(keyOf(input), table)
    }
  }
}

function keyOf(input: Uint8Array): string {
  return Buffer.from(input).toString('hex')
}

/** Bytes of memory that a table takes. */
function sizeOfTable({ digests, isKnown, trees }: PieceTable): number {
  let size = digests.length + isKnown.length
  if (trees === null) return size
  size += trees.roots.length + trees.isKnown.length
  for (const layer of trees.layers.values()) size += layer.length
  return size
}

/** Bytes to read for pieces whose digests are unknown. */
function bytesLeft(content: Content, table: PieceTable): number {
  if (content.version !== 'v1') return countUnknown(content, table)
  // Pieces of v1 follow each other without padding; only the last may be short
  const { pieceLength, pieceCount, size } = content
  const pieces = countUnknownPieces(table)
  const short = table.isKnown.at(-1) === 0 ? pieceCount * pieceLength - size : 0
  return pieces * pieceLength - short
}
