import { escapeText } from '../../text/escape.js'
import { isPlainName } from '../../metainfo/name.js'
import { malformed, notFound } from '../../server/answers/refusal.js'

/** Longest path in a request, in UTF-16 units; systems do not have longer ones. */
const MAX_PATH = 4096

/**
 * The components of a client's path on the mirror: `/yum/7/a.rpm`. Double slashes are accepted,
 * because they are common in addresses.
 * @throws Refusal
 */
export function parseMirrorPath(path: string): string[] {
  const components = parseMirrorPlace(path)
  if (path.endsWith('/')) throw notFound(quote(path))
  return components
}

/**
 * Returns the components of a path that may end with a slash, for a directory; empty for the root.
 * @throws Refusal
 */
export function parseMirrorPlace(path: string): string[] {
  if (!path.startsWith('/')) throw malformed(`${quote(path)}: a path must begin with /`)
  if (path.length > MAX_PATH)
    throw malformed(`${quote(path)}: the path is too long; systems allow ${MAX_PATH} characters`)
  const components = path.split('/').filter((component) => component !== '')
  if (!components.every(isPlainName))
    throw malformed(`${quote(path)}: not a plain path; leave out . and .. components`)
  return components
}

/** A path on the mirror, for messages and addresses. */
export function formatMirrorPath(components: readonly string[]): string {
  return quote(`/${components.join('/')}`)
}

/** Quotes a client's text for a message, cut to 200 characters. */
function quote(path: string): string {
  const text = escapeText(path)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
