import type { HashOptions, Unfinished } from '../../hash/hash-stream.js'
import type { ContentStream } from '../../hash/stream/content-stream.js'
import type { DigestKind } from '../../hash/stream/digests.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import type { Content } from './content.js'
import { hashAtOnce, hashInGroups } from './hash-groups.js'
import { pieceHeight, ReadTrees, type ReadTree } from './read-trees.js'

/** Machines that hash pieces for this one. */
export interface Elsewhere {
  /** Hands out pieces. Yields all of them in ascending order. */
  readonly hash: (request: ElsewhereRequest) => AsyncIterable<ElsewherePieces>
}

/** Pieces of content to hash, as in HashOptions. */
export interface ElsewhereRequest {
  readonly content: Content
  readonly pieces: Uint32Array
  readonly wanted: DigestKind
  readonly engine: HashOptions
}

/** Some consecutive pieces. */
export interface ElsewherePieces {
  readonly pieces: Uint32Array
  /**
   * SHA-1 of the pieces, and the node of each in the piece layer of its file, or its root if that is
   * the only piece. Digests that were not requested are empty. Null: hash the pieces here.
   */
  readonly digests: { readonly pieces: Uint8Array; readonly nodes: Uint8Array } | null
  /** Hashes here in turn with other work; the engine reports to the same progress. */
  readonly here: <T>(work: (engine: HashOptions) => Promise<T>) => Promise<T>
}

/** The result of hashing pieces; as hash-content.ts has it. */
export interface HashedElsewhere {
  readonly digests: readonly Uint8Array[]
  readonly readTrees: readonly ReadTree[]
  readonly unfinished: Unfinished | null
}

/**
 * Has other machines hash pieces, and hashes here what they don't.
 * @throws as hashStream
 */
export async function hashElsewhere(
  elsewhere: Elsewhere,
  request: ElsewhereRequest & { readonly stream: ContentStream },
): Promise<HashedElsewhere> {
  const { content, wanted, engine, stream } = request
  const { pieceCount } = content
  const trees = new ReadTrees(content, chooseKernel(engine.kernel), pieceHeight(content))
  const digests: Uint8Array[] = []
  for await (const { pieces, digests: found, here } of elsewhere.hash(request)) {
    if (found) {
      digests.push(found.pieces)
      if (wanted !== 'pieces') trees.takeNodes({ pieces, nodes: found.nodes })
      continue
    }
    const reading = { stream, pieces, pieceCount }
    if (wanted === 'pieces') {
      digests.push((await here((own) => hashAtOnce(reading, own))).pieces)
      continue
    }
    await here(async (own) => {
      for await (const group of hashInGroups({ ...reading, wanted }, own)) {
        digests.push(group.pieces)
        trees.take({ pieces: group.indices, blocks: group.blocks })
      }
    })
  }
  return { digests, readTrees: trees.whole, unfinished: null }
}
