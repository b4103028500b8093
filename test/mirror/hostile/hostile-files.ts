import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Values of Host that could do harm in a URL. */
/** Values of Host that HTTP allows, but no torrent can name. */
export const UNUSUAL_HOSTS = [
  ...['', "a'b", '*', '..', '-', 'a,b', 'a;b', '%00', 'a%0d%0ax', ':80', 'a:123456', '..:'],
  ...[`${'a'.repeat(300)}.example`, 'a'.repeat(8000)],
]

/** Values of Host that HTTP does not allow (RFC 9112, section 3.2). */
export const INVALID_HOSTS = [
  ...['evil.example/x', '/', 'a b', 'a\tb', 'a"b', 'a\\b', '<b>', 'a:b', 'a:80:80', '[::1', '::1'],
  ...['user@evil.example', 'user:password@evil.example', 'evil.example?x', 'evil.example#x'],
  ...['[::1]x', 'http://evil.example', 'm\xfcller.example', 'm\xc3\xbcller.example'],
]

export const ODD_HOSTS = [...UNUSUAL_HOSTS, ...INVALID_HOSTS]

export const hiddenFiles = {
  '.config/x': 'hidden',
  '.well-known/.x': 'hidden',
  '.htpasswd': 'hidden',
  'yum/.git/config': 'hidden',
  'yum/.hidden': 'hidden',
  'yum/..odd': 'hidden',
}
export const HIDDEN = [...Object.keys(hiddenFiles).map((path) => `/${path}`), '/%2econfig/x']

/** Links of all kinds to the secret outside. */
export function plantLinks(root: string, outside: string): void {
  mkdirSync(join(root, 'deep'))
  for (const [target, name] of [
    [join(outside, 'secret.txt'), 'yum/file-out'],
    [`../../${basename(outside)}/secret.txt`, 'yum/relative-out'],
    ['file-out', 'yum/chain'],
    [outside, 'yum/dir-out'],
    ['../yum/dir-out', 'deep/chain'],
    ['/proc/self/environ', 'yum/environ'],
    ['/proc', 'proc'],
    ['/', 'everything'],
    [root, 'self'],
    ['loop', 'loop'],
    ['nowhere', 'dangling'],
    ['/dev', 'dev'],
    ['/dev/zero', 'yum/zero'],
    ['/dev/null', 'yum/null'],
    ['pipe', 'yum/to-pipe'],
  ] as const) {
    symlinkSync(target, join(root, name))
  }
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(root, 'yum/pipe')])
}
