import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { callSystem } from '../../errors.js'
import { makeInsideResolver } from '../../files/resolve-inside.js'
import type { DownloadTarget } from './target.js'

/**
 * Creates the directories of a download, and its empty files, which not all clients create.
 * @throws BtkitError `not-permitted` or `io`
 */
export function makeRoom({ path, metainfo: { isDirectory, files } }: DownloadTarget): void {
  const directory = isDirectory ? path : dirname(path)
  makeDirectory(directory)
  if (!isDirectory) return
  const find = makeInsideResolver(directory)
  for (const { path: below, length, padding, attr } of files) {
    const isEmpty = length === 0 && !padding && !attr.includes('l')
    if (isEmpty && find(below).kind === 'missing') makeEmpty(join(directory, ...below))
  }
}

function makeEmpty(path: string): void {
  makeDirectory(dirname(path))
  callSystem(path, () => {
    writeFileSync(path, '', { flag: 'a' })
  })
}

function makeDirectory(directory: string): void {
  callSystem(directory, () => {
    mkdirSync(directory, { recursive: true })
  })
}
