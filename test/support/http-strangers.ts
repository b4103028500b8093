import { random } from './random.js'
import { below, CHANGES, oneOf, randomBytes } from './strangers.js'

const HEADERS = [
  'Host: mirror.example',
  'Connection: keep-alive',
  'Connection: close',
  'Range: bytes=0-99,200-300',
  'If-None-Match: "a", W/"b"',
  'If-Modified-Since: Tue, 24 Nov 2026 23:00:00 GMT',
  'Accept-Encoding: gzip;q=0.5, *',
  'Accept: application/json',
  'X-Forwarded-For: 1.2.3.4, ::1',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
  'Upgrade: websocket',
  'Cookie: a=b; c',
  'Content-Type: application/x-www-form-urlencoded',
]

/**
 * Returns what one stranger sends over HTTP to a service with these paths: requests, changed or
 * not.
 */
export function httpStream(paths: readonly string[]): Buffer {
  if (random() < 0.1) return randomBytes(3000)
  const parts: Buffer[] = []
  for (let n = below(8); n >= 0; n--) {
    const headers = Array.from({ length: below(6) }, () => oneOf(HEADERS))
    const method = random() < 0.7 ? 'GET' : oneOf(['HEAD', 'POST', 'PUT', 'OPTIONS', 'PRI', 'get'])
    const version = random() < 0.9 ? '1.1' : oneOf(['1.0', '0.9', '2.0'])
    const head = [`${method} ${oneOf(paths)} HTTP/${version}`, 'Host: m.example', ...headers]
    const body = random() < 0.2 ? oneOf(['5\r\nabcde\r\n0\r\n\r\n', 'abcde', 'path=a&path=b']) : ''
    const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
    parts.push(random() < 0.5 ? oneOf(CHANGES)(request) : request)
  }
  return Buffer.concat(parts)
}
