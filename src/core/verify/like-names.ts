import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { callSystem, valueOr } from '../../errors.js'
import { isSuspect, printableName } from '../../files/scan/read-names.js'
import { quoteText } from '../../text/escape.js'
import type { VerifiedFile, VerifyReport } from './verify-report.js'
import type { VerifyPlan } from './verify-torrent.js'

/**
 * Returns a report in which missing files have a reason if a name on the disk only looks like theirs,
 * or if their own name is not UTF-8.
 */
export async function explainMissing(
  plan: VerifyPlan,
  report: VerifyReport,
): Promise<VerifyReport> {
  const names = new LikeNames(plan)
  const files: VerifiedFile[] = []
  for (const file of report.files) {
    const isAbsent = file.status === 'missing' && file.reason === null
    files.push(isAbsent ? { ...file, reason: await names.explain(file) } : file)
  }
  return { ...report, files }
}

/** Finds out why files are missing whose names are on the disk, as far as people can see. */
export class LikeNames {
  /** The names in a directory, also by their composed form. */
  readonly #names = new Map<string, Promise<ReadonlyMap<string, string>>>()

  constructor(private readonly plan: Pick<VerifyPlan, 'request' | 'place'>) {}

  /** Returns why a file is missing; null if nothing is known. */
  async explain({ path }: Pick<VerifiedFile, 'path'>): Promise<string | null> {
    const { request, place } = this.plan
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
      const names = await this.#namesIn(directory)
      const there = names.get(name) ?? names.get(name.normalize('NFC'))
      if (there === undefined) return null
      const print = () => printableName(directory, there)
      const shown = valueOr(there, () => callSystem(directory, print))
      if (shown !== there)
        return `${quoteText(shown)} is there, but is not UTF-8; rename it, then use btkit find --link`
      if (there !== name)
        return `${quoteText(there)} is there in another Unicode form; rename it, or use btkit find --link`
      directory = join(directory, name)
    }
    return null
  }

  #namesIn(directory: string): Promise<ReadonlyMap<string, string>> {
    const known = this.#names.get(directory)
    const names = known ?? readNames(directory)
    this.#names.set(directory, names)
    return names
  }
}

async function readNames(directory: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(directory).catch(() => [])
  return new Map([
    ...names.map((name) => [name.normalize('NFC'), name] as const),
    ...names.map((name) => [name, name] as const),
  ])
}
