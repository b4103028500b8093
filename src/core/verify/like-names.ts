import { join } from 'node:path'
import { callSystem, valueOr } from '../../base/errors.js'
import { isSuspect, printableName, readEntries } from '../../disk/look/read-names.js'
import { quoteText } from '../../base/text/escape.js'
import { eachFile, type Metainfo } from '../../metainfo/metainfo.js'
import type { DataPlace, Whereabouts } from './locate.js'

/** Directories whose names are kept. */
const MOST_DIRECTORIES = 64

/** The names in directories, which many torrents may lack files of: each is listed once. */
export class NamesByForm {
  readonly #names = new Map<string, Promise<ReadonlyMap<string, string>>>()

  /** Returns the names in a directory, also by their composed form in lower case. */
  list(directory: string): Promise<ReadonlyMap<string, string>> {
    const known = this.#names.get(directory)
    if (known) return known
    if (this.#names.size === MOST_DIRECTORIES) this.#names.clear()
    const names = namesByForm(directory)
    this.#names.set(directory, names)
    return names
  }
}

/** Finds out why files are missing whose names are on the disk, as far as people can see. */
export class LikeNames {
  /** The last components of the torrent's paths, which are the names of other files of it. */
  readonly #own: ReadonlySet<string>

  constructor(
    private readonly request: Pick<Whereabouts, 'path'> & { readonly metainfo: Metainfo },
    private readonly place: DataPlace,
    private readonly names: NamesByForm,
  ) {
    const files = eachFile(request.metainfo)
    this.#own = new Set(Array.from(files, ({ path }) => path.at(-1) ?? ''))
  }

  /** Returns why the file at a path is missing; null if nothing is known. */
  async explain(path: readonly string[]): Promise<string | null> {
    const { request, place } = this
    const { name, isDirectory } = request.metainfo
    const isBelow = isDirectory && place.path !== request.path
    const ways = isBelow || !isDirectory ? [] : [[name]]
    for (const way of [...ways, isBelow ? [name, ...path] : path]) {
      const reason = await this.#explainWay(request.path, way)
      if (reason !== null) return reason
    }
    const odd = path.find(isSuspect)
    if (odd === undefined) return null
    return `${quoteText(odd)} is not UTF-8 in the torrent; btkit find finds it under other names`
  }

  async #explainWay(root: string, way: readonly string[]): Promise<string | null> {
    let directory = root
    for (const name of way) {
      const names = await this.names.list(directory)
      const there = names.get(name) ?? names.get(composed(name)) ?? names.get(plainForm(name))
      if (there === undefined || (there !== name && this.#own.has(there))) return null
      const print = () => printableName(directory, there)
      const shown = valueOr(there, () => callSystem(directory, print))
      if (shown !== there)
        return `${quoteText(shown)} is there, but is not UTF-8; rename it, then use btkit find --link`
      const isForm = composed(there) === composed(name)
      const what = isForm ? 'in another Unicode form' : 'with capitals in other places'
      if (there !== name)
        return `${quoteText(there)} is there ${what}; rename it, or use btkit find --link`
      directory = join(directory, name)
    }
    return null
  }
}

async function namesByForm(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readEntries(directory).catch(() => [])
  return new Map(
    [plainForm, composed, (name: string) => name].flatMap((form) => {
      return entries.map(({ name }) => [form(name), name] as const)
    }),
  )
}

function composed(name: string): string {
  return name.normalize('NFC')
}

/** A name without the differences that some file systems ignore. */
function plainForm(name: string): string {
  return composed(name).toLowerCase()
}
