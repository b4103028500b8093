import { basename } from 'node:path'
import type { FileColumns } from '../../files/columns.js'
import type { ScannedFile } from '../../files/scanned-file.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'

/** Maximum number of files of the same size to try for a missing one. */
const MOST_TRIED = 8

/** Files on a disk by size, to look for those of torrents under other names. */
export class FileIndex {
  readonly #bySize = new Map<number, number[]>()
  readonly #byName = new Map<string, number[]>()

  constructor(readonly files: FileColumns) {
    for (let number = 0; number < files.length; number++) {
      const size = files.sizeAt(number)
      if (size === 0) continue
      append(this.#bySize, size, number)
      append(this.#byName, `${size} ${basename(files.absolutePathAt(number))}`, number)
    }
  }

  /** Returns the numbers of files that a file of a torrent may be, those with the most similar path first. */
  candidates(
    { name, isDirectory }: Pick<Metainfo, 'name' | 'isDirectory'>,
    { path, length }: MetainfoFile,
  ): number[] {
    const wanted = isDirectory ? [name, ...path] : [name]
    const namesakes = this.#byName.get(`${length} ${wanted.at(-1)}`) ?? []
    const ranked = namesakes
      .map((number) => ({ number, rank: commonEnd(wanted, this.files.absolutePathAt(number)) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ number }) => number)
    const others = (this.#bySize.get(length) ?? []).slice(0, MOST_TRIED)
    return [...new Set([...ranked, ...others])].slice(0, MOST_TRIED)
  }

  /** Puts a file that was found behind the others of its size, so that these are tried first. */
  putLast(number: number): void {
    const ofSize = this.#bySize.get(this.files.sizeAt(number))
    ofSize?.push(...ofSize.splice(ofSize.indexOf(number), 1))
  }

  /** Returns the file at a path of this size. */
  find(path: string, size: number): ScannedFile | undefined {
    const namesakes = this.#byName.get(`${size} ${basename(path)}`) ?? []
    const number = namesakes.find((each) => this.files.absolutePathAt(each) === path)
    return number === undefined ? undefined : this.files.at(number)
  }
}

function append<Key>(lists: Map<Key, number[]>, key: Key, number: number): void {
  const list = lists.get(key)
  if (list) list.push(number)
  else lists.set(key, [number])
}

function commonEnd(path: readonly string[], other: string): number {
  const parts = other.split('/')
  let n = 0
  while (n < path.length && n < parts.length && path.at(-1 - n) === parts.at(-1 - n)) n++
  return n
}
