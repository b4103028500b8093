import { malformed } from '../../server/answers/refusal.js'

/**
 * The components of a request's path from number `skip` on, as a path of the mirror. Each component
 * is percent-decoded once and must not contain a slash then.
 * @throws Refusal
 */
export function requestPath(url: string, skip = 0): string {
  // Clients may include the host (RFC 9112, section 3.2.2)
  const [path = ''] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)
  // `*`, and addresses of other schemes
  if (path !== '' && !path.startsWith('/'))
    throw malformed('the address has no path; begin it with a slash')
  const components = path.split('/').slice(1 + skip)
  return `/${components.map(decodeComponent).join('/')}`
}

function decodeComponent(component: string): string {
  const decoded = percentDecode(component)
  if (decoded.includes('/'))
    throw malformed('a name in the address contains an encoded slash; use a plain slash')
  return decoded
}

/**
 * Decodes percent-encoded UTF-8.
 * @throws Refusal
 */
export function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed('a path is not percent-encoded UTF-8; encode it so')
  }
}
