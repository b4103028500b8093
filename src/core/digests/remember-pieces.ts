import { doInTurns, each, type Steps, type Turns } from '../../base/steps.js'
import type { TreeRecord } from '../../disk/cache/records/bodies.js'
import { isSettledAt, isSameFile, type RememberingStart } from '../../disk/cache/trust.js'
import type { ChangeRules } from '../../disk/file-lists/fingerprint.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import { changesOf } from '../../disk/scan/look-again.js'
import { SHA1 } from '../../metainfo/sizes.js'
import type { CacheAccess } from './cache-access.js'
import type { CutFiles } from './content.js'
import { alignedFiles, type AlignedFile } from './file-trees.js'
import { keyOfOwner, pieceOwners, type PieceOwner } from './piece-owners.js'
import { getPieces, type PieceTable } from './piece-table.js'
import { isSingle, type ReadTrees } from './read-trees.js'
import {
  isTiny,
  isTinyOwner,
  keyedPieces,
  LEAST_BEGUN,
  START_OF_TREE,
  startOfPieces,
  type KeyedPiece,
} from './recall-pieces.js'
import { SMALL_FILE } from './small-files.js'

/** Items in order, of which the next one can be looked at. */
class Upcoming<T> {
  #next: IteratorResult<T, unknown> | null = null

  constructor(private readonly items: Iterator<T, unknown>) {}

  /** The next item; undefined behind the last one. */
  get next(): T | undefined {
    this.#next ??= this.items.next()
    return this.#next.done ? undefined : this.#next.value
  }

  /** Takes the items up to the first one for which `isDue` does not hold. */
  *take(isDue: (item: T) => boolean): Generator<T> {
    for (let item = this.next; item !== undefined && isDue(item); item = this.next) {
      this.#next = null
      yield item
    }
  }
}

/**
 * Stores the digests of content in the cache while it is read: of each file when all its pieces are
 * known, and of the start of the one that is being read. Files that could have changed unnoticed
 * since reading began are left out.
 */
export class Remembering {
  readonly #owners: Upcoming<PieceOwner>
  readonly #shared: Upcoming<KeyedPiece>
  readonly #singles: Upcoming<AlignedFile>
  /** The number of trees that were stored. */
  #stored = 0
  /** The number of the file at the end of the last part. */
  #at = 0
  #isChanged = false

  constructor(
    private readonly content: CutFiles,
    private readonly table: PieceTable,
    private readonly trees: ReadTrees | null,
    readonly start: RememberingStart & ChangeRules & Pick<CacheAccess, 'reader'>,
  ) {
    this.#owners = new Upcoming(pieceOwners(content))
    this.#shared = new Upcoming(keyedPieces(content, table, start.trust))
    this.#singles = new Upcoming(alignedFiles(content))
  }

  /**
   * Stores what the pieces before `end`, which are known, say about files, unless a file with bytes
   * in them changed. Then no kill loses it.
   */
  async part(end: number, turns: Turns | undefined): Promise<void> {
    if (!this.start.cache.keepsAnything || this.#isChanged) return
    const [changed] = this.start.reader?.isElsewhere
      ? []
      : await changesOf(this.#filesBefore(end), undefined, this.start)
    this.#isChanged = changed !== undefined
    if (this.#isChanged) return
    await doInTurns(this.#before(end), turns)
    await this.start.cache.flush()
  }

  /** Stores all the rest in steps. The files must be unchanged. */
  *rest(): Steps<void> {
    if (this.start.cache.keepsAnything) yield* this.#before(this.content.pieceCount)
  }

  /** The files with bytes in the pieces since the last part. */
  #filesBefore(end: number): FileColumns {
    const { files, pieceLength } = this.content
    const rows: number[] = []
    for (let i = this.#at; i < files.length && (files.offsets[i] ?? 0) < end * pieceLength; i++) {
      rows.push(files.rowAt(i))
      this.#at = i
    }
    return files.select(Uint32Array.from(rows))
  }

  *#before(end: number): Steps<void> {
    if (this.content.version !== 'v2') yield* this.#digestsBefore(end)
    if (this.trees) yield* this.#treesBefore(end, this.trees)
  }

  *#digestsBefore(end: number): Steps<void> {
    const { content, table, start } = this
    const { files } = content
    const isDue = ({ first, whole, end: last }: PieceOwner) => first + whole + (last ? 1 : 0) <= end
    yield* each(this.#owners.take(isDue), (owner) => {
      this.#keepOwner(owner)
    })
    const { next } = this.#owners
    if (next) {
      const pieces = getPieces(table, next.first, Math.min(next.whole, end - next.first))
      this.#keepStart(next.number, startOfPieces(keyOfOwner(content, next)), pieces)
    }
    const shared = this.#shared.take(({ piece }) => piece < end)
    yield* each(shared, ({ piece, first, last, key }) => {
      for (let i = first; i <= last; i++) {
        if (files.sizeAt(i) > 0 && !isSettledAt(files, i, start)) return
      }
      const path = files.absolutePathAt(first)
      start.cache.put('piece', { path, spans: key }, getPieces(table, piece, 1))
    })
  }

  #keepOwner(owner: PieceOwner): void {
    const { content, table, start } = this
    const { cache, trust } = start
    const { files } = content
    const { number, first, whole, end } = owner
    if (isTinyOwner(content, owner, cache) || !isSettledAt(files, number, start)) return
    const key = keyOfOwner(content, owner)
    const fingerprint = files.encodedAt(number)
    const record = cache.peek('file', key)
    // Its other digests are mainly of its end in other streams. Their fingerprint stays the one
    // from their reading: a new one would fully confirm digests that may have been trusted only by
    // size and mtime
    const known =
      record && isSameFile(record.fingerprint, fingerprint, trust)
        ? record
        : { tail: null, paddedTail: null, fingerprint }
    const pieces = getPieces(table, first, whole)
    const last = getPieces(table, first + whole, 1)
    // Lists all properties: there may be very many files, and spreading takes several times as long
    cache.put('file', key, {
      fingerprint: known.fingerprint,
      pieces,
      tail: end === 'tail' ? last : known.tail,
      paddedTail: end === 'paddedTail' ? last : known.paddedTail,
    })
    this.#endFile(number, startOfPieces(key))
  }

  *#treesBefore(end: number, trees: ReadTrees): Steps<void> {
    const { content, start } = this
    const isDue = ({ firstPiece }: AlignedFile) => firstPiece < end
    yield* each(this.#singles.take(isDue), (file) => {
      if (!isSingle(file) || isTiny(content, file.size, start.cache)) return
      const root = trees.singleRoot(file.number)
      if (root) this.#keepTree(file.number, { root, height: 0, nodes: root })
    })
    const whole = trees.whole.slice(this.#stored)
    this.#stored += whole.length
    yield* each(whole, (tree) => {
      this.#keepTree(tree.number, tree)
    })
    const { growing } = trees
    if (!growing) return
    const nodes = Buffer.concat([Buffer.of(growing.height), growing.nodes])
    this.#keepStart(growing.number, START_OF_TREE, nodes)
  }

  #keepTree(number: number, { root, height, nodes }: Omit<TreeRecord, 'fingerprint'>): void {
    const { content, start } = this
    const { files } = content
    if (!isSettledAt(files, number, start)) return
    const key = { path: files.absolutePathAt(number), size: files.sizeAt(number) }
    // Lists all properties: there may be very many files, and spreading takes several times as long
    start.cache.put('tree', key, { root, height, nodes, fingerprint: files.encodedAt(number) })
    this.#endFile(number, START_OF_TREE)
  }

  /** Stores digests of the start of a file. */
  #keepStart(number: number, algorithm: string, digest: Uint8Array): void {
    const { files } = this.content
    if (digest.length < SHA1 || files.sizeAt(number) < LEAST_BEGUN) return
    if (!isSettledAt(files, number, this.start)) return
    const key = { algorithm, path: files.absolutePathAt(number) }
    const { cache, startedMs: readAt } = this.start
    cache.put('digest', key, { fingerprint: files.encodedAt(number), digest, readAt })
    this.table.begun.add(number)
  }

  /** Forgets the start of a file all of whose digests are stored, and notes where they are. */
  #endFile(number: number, algorithm: string): void {
    const { files } = this.content
    const { cache } = this.start
    if (files.sizeAt(number) <= SMALL_FILE) return
    const path = files.absolutePathAt(number)
    cache.notePath(files.encodedAt(number), path)
    if (this.table.begun.has(number)) cache.remove('digest', { algorithm, path })
  }
}
