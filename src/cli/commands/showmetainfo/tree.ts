import { escapeText } from '../../../text/escape.js'
import { contentSize } from '../../../metainfo/metainfo.js'
import type { Metainfo, MetainfoFile } from '../../../metainfo/metainfo.js'
import { formatBytes } from '../../../text/quantity.js'

/** The deepest level that is indented. Deeper paths are printed on one line. */
const MAX_DEPTH = 32

/**
 * Formats the files of a torrent as an indented tree with sizes and attributes (BEP 47). Pad files
 * are omitted.
 */
export function showTree(metainfo: Metainfo): string {
  const { name, isDirectory, files } = metainfo
  if (!isDirectory) return files.map((file) => fileLine(name, file)).join('')
  const head = `${escapeText(name)}/ (${formatBytes(contentSize(metainfo))})\n`
  let above: readonly string[] = []
  const lines = files
    .filter((file) => !file.padding)
    .map((file) => {
      const text = branch(file, above)
      above = directoriesOf(file)
      return text
    })
  return head + lines.join('')
}

/** The lines of a file: directories not yet printed for the previous file, then the file. */
function branch(file: MetainfoFile, above: readonly string[]): string {
  const directories = directoriesOf(file)
  const differs = directories.findIndex((component, i) => component !== above[i])
  const known = differs < 0 ? directories.length : differs
  const headings = directories.slice(known).map((component, i) => {
    return `${indent(known + i)}${escapeText(component)}/\n`
  })
  const name = file.path.slice(directories.length).join('/')
  return headings.join('') + indent(directories.length) + fileLine(name, file)
}

function fileLine(name: string, { length, attr, symlinkPath }: MetainfoFile): string {
  const attributes = attributesOf(attr).map((attribute) => `, ${attribute}`)
  const target = symlinkPath ? ` -> ${escapeText(symlinkPath.join('/'))}` : ''
  return `${escapeText(name)}${target} (${formatBytes(length)}${attributes.join('')})\n`
}

const ATTRIBUTES: Record<string, string> = {
  x: 'executable',
  h: 'hidden',
  l: 'symbolic link',
}

function attributesOf(attr: string): string[] {
  return Object.entries(ATTRIBUTES).flatMap(([letter, name]) =>
    attr.includes(letter) ? [name] : [],
  )
}

function directoriesOf({ path }: MetainfoFile): string[] {
  return path.slice(0, Math.min(path.length - 1, MAX_DEPTH))
}

function indent(depth: number): string {
  return '  '.repeat(depth + 1)
}
