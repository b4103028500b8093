import { basename } from 'node:path'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { type Crowd, PieceIndex } from './piece-index.js'

/** Maximum number of files of the same size to try for a missing one. */
const MOST_TRIED = 8

type Named = Pick<Metainfo, 'name' | 'isDirectory'>

/** Files on a disk by size, to look for those of torrents under other names. */
export class FileIndex {
  /** Numbers before `from` stand again behind the others. */
  readonly #bySize = new Map<number, { readonly numbers: number[]; from: number }>()
  readonly #byName = new Map<string, number[]>()
  readonly byPiece: PieceIndex

  constructor(readonly files: FileColumns) {
    this.byPiece = new PieceIndex(files)
    for (let number = 0; number < files.length; number++) {
      const size = files.sizeAt(number)
      if (size === 0) continue
      const ofSize = this.#bySize.get(size)
      if (ofSize) ofSize.numbers.push(number)
      else this.#bySize.set(size, { numbers: [number], from: 0 })
      const key = `${size} ${basename(files.absolutePathAt(number))}`
      const ofName = this.#byName.get(key)
      if (ofName) ofName.push(number)
      else this.#byName.set(key, [number])
    }
  }

  /** The files of a size if more have it than are tried one after the other; otherwise null. */
  crowdOf(size: number): Crowd | null {
    const { numbers, from } = this.#ofSize(size)
    const count = numbers.length - from
    return count > MOST_TRIED ? { size, count, list: () => numbers.slice(from) } : null
  }

  /**
   * Returns the numbers of files that a file of a torrent may be: those that are `proven`, those of
   * its name with the most similar path first, and some others of its size.
   */
  candidates(
    { name, isDirectory }: Named,
    { path, length }: MetainfoFile,
    proven: readonly number[] = [],
  ): number[] {
    const wanted = isDirectory ? [name, ...path] : [name]
    const above = `/${wanted.slice(0, -1).join('/')}/`
    const rankOf = (number: number) =>
      commonEnd(above, this.files.directoryAt(number).absolute ?? '')
    const ranked = this.#namesakes(length, wanted.at(-1))
      .map((number) => ({ number, rank: rankOf(number) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ number }) => number)
    const { numbers, from } = this.#ofSize(length)
    const others = numbers.slice(from, from + MOST_TRIED)
    return [...new Set([...proven, ...ranked, ...others])].slice(0, MOST_TRIED)
  }

  /** Whether a file of this size has the name of a file of a torrent. */
  hasName({ name, isDirectory }: Named, { path, length }: MetainfoFile): boolean {
    return this.#namesakes(length, isDirectory ? path.at(-1) : name).length > 0
  }

  /** The numbers of the files of a size; those before `from` stand again behind the others. */
  #ofSize(size: number) {
    return this.#bySize.get(size) ?? { numbers: [], from: 0 }
  }

  #namesakes(size: number, name: string | undefined): readonly number[] {
    return this.#byName.get(`${size} ${name}`) ?? []
  }

  /** Puts a file of those that would be tried next behind all others of its size. */
  putLast(number: number): void {
    const ofSize = this.#bySize.get(this.files.sizeAt(number))
    const next = ofSize?.numbers.slice(ofSize.from, ofSize.from + MOST_TRIED) ?? []
    if (!ofSize || !next.includes(number)) return
    ofSize.numbers.push(number)
    ofSize.from++
    const others = next.filter((other) => other !== number)
    for (const [i, other] of others.entries()) ofSize.numbers[ofSize.from + i] = other
  }

  /** Returns the file at a path of this size. */
  find(path: string, size: number): ScannedFile | undefined {
    const number = this.#namesakes(size, basename(path)).find(
      (each) => this.files.absolutePathAt(each) === path,
    )
    return number === undefined ? undefined : this.files.at(number)
  }
}

/** Returns the number of components at the end of a path that another one has, too. */
function commonEnd(path: string, other: string): number {
  let count = 0
  for (let at = 1; path.at(-at) === other.at(-at); at++) {
    if (at > path.length) return count
    if (path.at(-at) === '/') count++
  }
  return count
}
