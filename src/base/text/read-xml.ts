import { parseXml, type XmlElement } from '@rgrove/parse-xml'

/** The deepest nesting of elements: the package calls itself for each level. */
const DEEPEST = 64

/**
 * Reads XML of a stranger. Returns its first element; null if it is not well-formed, or nested more
 * than 64 levels.
 */
export function readXml(text: string): XmlElement | null {
  if (depthOf(text) > DEEPEST) return null
  try {
    return parseXml(text, { ignoreUndefinedEntities: true }).root
  } catch {
    return null
  }
}

/** The beginnings and ends of comments, plain text and instructions, which have no elements. */
const OPAQUE = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const

/** How deep elements are nested; Infinity if it is more than wanted, or something has no end. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0]
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    const start = at
    const opaque = OPAQUE.find(([begin]) => text.startsWith(begin, start))
    at = opaque ? text.indexOf(opaque[1], start) : endOfTag(text, start)
    if (at < 0 || deepest > DEEPEST) return Infinity
    if (opaque || text[at - 1] === '/') continue
    depth += text[start + 1] === '/' ? -1 : 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

/** The offset of the `>` that ends a tag, whose attributes may have others; -1 for none. */
function endOfTag(text: string, start: number): number {
  const stop = /[>"']/g
  for (stop.lastIndex = start; ;) {
    const found = stop.exec(text)
    if (found === null || found[0] === '>') return found?.index ?? -1
    const end = text.indexOf(found[0], stop.lastIndex)
    if (end < 0) return -1
    stop.lastIndex = end + 1
  }
}
