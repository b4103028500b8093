import { malformed } from '../../server/answers/refusal.js'
import { percentDecode } from './percent-decode.js'

/**
 * The components of a request's path from number `skip` on, as a path of the mirror: each is
 * percent-decoded once, and none may hold a slash that way.
 * @throws Refusal
 */
export function requestPath(url: string, skip = 0): string {
  // Clients may name the host here as well (RFC 9112, section 3.2.2)
  const [path = ''] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)
  // `*`, and addresses of other schemes
  if (path !== '' && !path.startsWith('/')) throw malformed('the address has no path')
  const components = path.split('/').slice(1 + skip)
  return `/${components.map(decodeComponent).join('/')}`
}

function decodeComponent(component: string): string {
  const decoded = percentDecode(component)
  if (decoded.includes('/')) throw malformed('a name in the address holds an encoded slash')
  return decoded
}
