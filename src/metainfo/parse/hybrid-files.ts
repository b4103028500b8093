import type { BtkitError } from '../../errors.js'
import { quoteText } from '../../text/escape.js'
import type { MetainfoFile } from '../metainfo.js'
import { metainfoError } from './require-field.js'

/**
 * Checks that both halves of a hybrid torrent describe the same files in the same order, pad files
 * aside (BEP 52). Otherwise v1 and v2 clients would download different things.
 */
export function checkHybridFiles(
  v1Files: readonly MetainfoFile[],
  treeFiles: readonly MetainfoFile[],
): void {
  const contents = v1Files.filter((file) => !file.padding)
  for (const [at, v1File] of contents.entries()) {
    const treeFile = treeFiles[at]
    if (treeFile === undefined) throw disagreement(`${nameOf(v1File)} is not in the file tree`)
    if (!isSamePath(v1File.path, treeFile.path)) {
      throw disagreement(`${nameOf(v1File)} stands where the file tree has ${nameOf(treeFile)}`)
    }
    if (v1File.length !== treeFile.length) {
      throw disagreement(
        `${nameOf(v1File)} is ${v1File.length} bytes long, ${treeFile.length} in the file tree`,
      )
    }
  }
  const extra = treeFiles[contents.length]
  if (extra !== undefined) throw disagreement(`${nameOf(extra)} is only in the file tree`)
}

/** Component by component: a slash inside one of them must not pass for two. */
function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((component, at) => component === b[at])
}

function disagreement(rule: string): BtkitError {
  return metainfoError('info', `v1 and v2 disagree: ${rule}`)
}

function nameOf({ path }: MetainfoFile): string {
  return quoteText(path.join('/'))
}
