import { escapeText } from '../../text/escape.js'
import { isPlainName } from '../../metainfo/name.js'
import { malformed, notFound } from '../../server/answers/refusal.js'

/** The longest path that a request may name, in UTF-16 units; systems know none longer. */
const MAX_PATH = 4096

/**
 * The components of a path on the mirror, as a client names it: `/yum/7/a.rpm`. Slashes may be
 * doubled, as addresses often have them.
 * @throws Refusal
 */
export function parseMirrorPath(path: string): string[] {
  const components = parseMirrorPlace(path)
  if (path.endsWith('/')) throw notFound(quote(path))
  return components
}

/**
 * The same for what may be a directory, with or without a slash at its end; none for the root.
 * @throws Refusal
 */
export function parseMirrorPlace(path: string): string[] {
  if (!path.startsWith('/')) throw malformed(`${quote(path)}: a path must begin with /`)
  if (path.length > MAX_PATH) throw malformed(`${quote(path)}: a path that long can't be there`)
  const components = path.split('/').filter((component) => component !== '')
  if (!components.every(isPlainName)) throw malformed(`${quote(path)}: not a plain path`)
  return components
}

/** A path on the mirror, for messages and addresses. */
export function formatMirrorPath(components: readonly string[]): string {
  return quote(`/${components.join('/')}`)
}

/** What of a client's text goes into a message. */
function quote(path: string): string {
  const text = escapeText(path)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
