import { rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { plantFiles } from '../../support/scratch.js'
import { HIDDEN, hiddenFiles, INVALID_HOSTS, ODD_HOSTS, plantLinks } from './hostile-files.js'
import { requestText } from './raw.js'
import { besiege, digestAddress, NO_LISTINGS, postText, SECRET, SINGLE } from './siege.js'
import type { SiegeSetup } from './siege.js'

/** Requests that are each answered with one of these statuses and a line that reveals nothing. */
interface Refused {
  readonly statuses: readonly number[]
  readonly requests: readonly (string | Uint8Array)[]
  readonly setup?: SiegeSetup
  /** Requests that others send before, and that are answered. */
  readonly before?: readonly string[]
}

const HOST = 'Host: mirror.example'
const GOOD = '/yum/good.rpm'
const get = (target: string) => requestText(`GET ${target}`)
const post = (...paths: string[]) => postText(paths)
const files = (path: string) => [get(path), get(SINGLE + path)]
const anywhere = (path: string) => [...files(path), post(path), post(GOOD, path)]
const matched = (pattern: string) => [get(SINGLE + pattern), post(pattern)]
const asHost = (...hosts: string[]) =>
  requestText(
    `GET ${SINGLE}${GOOD}`,
    hosts.map((host) => `Host: ${host}`),
  )

/** Mirrors that several cases need. */
const PLAIN: SiegeSetup = {}
const UNLISTED: SiegeSetup = { args: NO_LISTINGS }
const HIDING: SiegeSetup = { files: hiddenFiles }
const LINKED: SiegeSetup = { plant: plantLinks }
const FOLLOWED: SiegeSetup = { plant: plantLinks, args: ['--follow-symlinks'] }

/** Bytes in place of HTTP, and requests that break its rules. */
const GARBAGE: Record<string, Refused> = {
  noise: { statuses: [400], requests: [pseudoRandom(10_000, 7), pseudoRandom(100_000, 8)] },
  'other protocols': {
    statuses: [400],
    requests: [
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'SSH-2.0-OpenSSH_9.6\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      `\x13BitTorrent protocol${'\0'.repeat(48)}`,
      'GET / HTTP/9.9\r\nHost: a\r\n\r\n',
      '\0'.repeat(1000),
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    ],
  },
  'headers without end': {
    statuses: [414, 431],
    requests: [
      `GET / HTTP/1.1\r\n${HOST}\r\n${`X: ${'x'.repeat(100)}\r\n`.repeat(1000)}`,
      `GET / HTTP/1.1\r\n${HOST}\r\nX: ${'x'.repeat(100_000)}`,
      `GET /${'x'.repeat(100_000)}`,
      get(`/${'a'.repeat(20_000)}`),
    ],
  },
  'unknown methods': {
    statuses: [400, 405, 431],
    requests: ['FOO', 'get', 'G\0T', 'GET\t/', 'X'.repeat(5000)].map((method) =>
      requestText(`${method} ${GOOD}`),
    ),
  },
  'an unsupported Expect header': {
    statuses: [417],
    requests: [requestText(`GET ${GOOD}`, [HOST, 'Expect: the-unexpected'])],
  },
}

const HOSTS: Record<string, Refused> = {
  // The answer to others must not be sent to these clients
  'odd Hosts': {
    statuses: [400],
    before: [get(SINGLE + GOOD)],
    requests: ODD_HOSTS.map((host) => asHost(host)),
  },
  'invalid Hosts for a file': {
    statuses: [400],
    before: [get(GOOD)],
    requests: INVALID_HOSTS.map((host) => requestText(`GET ${GOOD}`, [`Host: ${host}`])),
  },
  'two Hosts, or none': {
    statuses: [400],
    before: [get(SINGLE + GOOD)],
    requests: [
      asHost('mirror.example', 'evil.example'),
      asHost('mirror.example', 'mirror.example'),
      asHost(),
      requestText(`GET ${GOOD}`, []),
      `GET ${SINGLE}${GOOD} HTTP/1.0\r\n\r\n`,
    ],
  },
  'an invalid Host for a known set': {
    statuses: [400],
    before: [post(GOOD)],
    requests: [requestText(`GET ${digestAddress([GOOD])}`, ['Host: evil.example/x'])],
  },
}

const LONG_PATH = 'a'.repeat(5000)

/** Paths that addresses and forms refuse alike. */
const PATHS: [what: string, status: number | number[], paths: string[]][] = [
  ['dots that climb', 400, ['/../secret.txt', '/yum/../../../etc/passwd', '/yum/../..']],
  ['dots that lead nowhere', [400, 404], ['/yum/..', '/yum/../secret.txt', '/./etc/passwd']],
  ['encoded dots', 400, ['/%2e%2e/%2E%2E/etc/passwd', '/yum/.%2e/.%2e/good.rpm']],
  ['dots encoded twice', 404, ['/%252e%252e/etc/passwd', '/yum/%252e%252e/yum/good.rpm']],
  ['dots that are no dots', 404, ['/%ef%bc%8e%ef%bc%8e/etc/passwd', '/%e2%80%a5/etc/passwd']],
  ['backslashes', 400, ['/yum\\good.rpm', '/yum%5cgood.rpm', '/..\\..\\etc\\passwd', '/%5c%5ch/c']],
  ['NUL', 400, ['/yum/good.rpm%00', '/yum/good.rpm%00.txt', '/%00']],
  ['NUL encoded twice', 404, ['/yum/good.rpm%2500']],
  ['absolute paths', 404, ['/etc/passwd', '//etc/passwd', '///etc/passwd', '//proc/self/environ']],
  ['broken percent-encoding', 400, ['/%', '/%2', '/%zz', '/yum/good.rpm%', '/%u002e%u002e/x']],
  [
    'names that are not UTF-8',
    [400, 404],
    ['/%ff', '/%c0%ae%c0%ae/etc/passwd', '/%ed%a0%80', '/yum/%e2%82'],
  ],
  ['names that no system knows', 404, [`/${'a'.repeat(300)}`, `/yum/${'a'.repeat(300)}/x`]],
  ['overlong paths', 400, [`/${LONG_PATH}`, `/${'a/'.repeat(2500)}x`, `/yum/${LONG_PATH}*`]],
  ['directories', 404, ['/yum', '/yum/', '/', '//']],
  ['paths below a file', 404, ['/yum/good.rpm/', '/yum/good.rpm/x', '/yum/good.rpm/*']],
]

const ADDRESSES: Record<string, Refused> = {
  'addresses without a path': {
    statuses: [400, 405],
    requests: ['*', '*?json', '*?torrent', '*/', '*/yum/', 'ftp://x/yum/', 'ws://x', 'x:/'].flatMap(
      (target) => [get(target), requestText(`POST ${target}`)],
    ),
  },
  'encoded slashes in a name': {
    statuses: [400],
    requests: ['/yum%2fgood.rpm', '/yum%2Fgood.rpm', '/..%2f..%2fetc/passwd', '/%2f'].flatMap(
      files,
    ),
  },
  'a slash encoded twice, which is part of a name': {
    statuses: [404],
    requests: files('/yum%252fgood.rpm'),
  },
  'climbing after a host in front': {
    statuses: [400, 404],
    requests: ['/../../etc/passwd', '/%2e%2e/etc/passwd', `${SINGLE}/../etc/passwd`]
      .map((path) => get(`http://mirror.example${path}`))
      .concat(get('file:///etc/passwd')),
  },
  'digests that are none': {
    statuses: [400, 405, 414],
    requests: ['x', 'g'.repeat(40), 'a'.repeat(41), '%2e%2e', '..', '%00', LONG_PATH]
      .map((digest) => `/yum/torrent_service/digest/${digest}`)
      .flatMap((address) => [get(address), requestText(`POST ${address}`)]),
  },
  'null files of other names': {
    statuses: [400],
    requests: ['1', 'a_b', '-1_0', '1e3_0', '0x10_0', '1_0_0', '..', '%2e%2e%2fx'].map((name) =>
      get(`/yum/torrent_service/nullfile/${name}`),
    ),
  },
  'null files longer than a piece': {
    statuses: [403],
    requests: ['1048577', '9'.repeat(400)].map((size) =>
      get(`/yum/torrent_service/nullfile/${size}_0`),
    ),
  },
}

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const BODY = `p=${GOOD}`
const lengthOf = (body: string) => `Content-Length: ${body.length}`

/** A form that is sent in an unusual way. */
function form(fields: readonly string[], body: string): string {
  return requestText(`POST ${digestAddress([GOOD])}`, [HOST, ...fields], body)
}

const forms = (fields: readonly string[], bodies: readonly string[]) =>
  bodies.map((body) => form([...fields, lengthOf(body)], body))
const chunked = (...bodies: string[]) =>
  bodies.map((body) => form([FORM, 'Transfer-Encoding: chunked'], body))
const small = { limits: { maxBody: 1024 } }
const long = `${BODY}&x=${'x'.repeat(1024)}`
const many = (count: number) => Array.from({ length: count }, (_, i) => `/yum/${i}`)

const FORMS: Record<string, Refused> = {
  'forms of another type': {
    statuses: [415],
    requests: [
      ...['application/json', 'multipart/form-data; boundary=x', 'text/plain', ';;'],
      ...['application/x-www-form-urlencodedx', 'application/octet-stream', 'x'.repeat(2000)],
    ]
      .flatMap((type) => forms([`Content-Type: ${type}`], [BODY]))
      .concat(forms([], [BODY])),
  },
  'forms that are JSON or multipart inside': {
    statuses: [400],
    requests: forms(
      [FORM],
      [
        `{"p":"${GOOD}"}`,
        `["${GOOD}"]`,
        `--x\r\nContent-Disposition: form-data; name="p"\r\n\r\n${GOOD}\r\n--x--`,
      ],
    ),
  },
  'forms without a body': {
    statuses: [400],
    requests: [
      ...[[], [FORM], [FORM, 'Content-Length: 0'], ['Content-Length: 0']].map((fields) =>
        form(fields, ''),
      ),
      ...chunked('0\r\n\r\n'),
    ],
  },
  'forms without paths': {
    statuses: [400],
    requests: forms([FORM], ['p', 'p=', '&&&', `P=${GOOD}`, `p[]=${GOOD}`, '__proto__=x']),
  },
  'forms that are not UTF-8': {
    statuses: [400],
    requests: forms([FORM], ['p=/yum/\xff', `${BODY}\xc3`, '\xff\xfep\0=\0']),
  },
  'a compressed form, which might be a bomb': {
    statuses: [400, 415],
    requests: forms([FORM, 'Content-Encoding: gzip'], ['\x1f\x8b\x08\0\0\0\0\0\0\x03']),
  },
  'malformed chunks': {
    statuses: [400, 413],
    requests: chunked('zz\r\nxx\r\n', 'fffffffffffffffff\r\n', '-1\r\nx\r\n', '3\r\nabcdef\r\n'),
  },
  'forms that are too large before they have arrived': {
    statuses: [413],
    setup: small,
    requests: [
      ...forms([FORM], [long]),
      form([FORM, 'Content-Length: 999999999999'], 'p='),
      // It never ends
      ...chunked(`400\r\n${long.slice(0, 1024)}\r\n${`100\r\n${'x'.repeat(256)}\r\n`.repeat(20)}`),
    ],
  },
  'more paths than a form may have': {
    statuses: [413],
    setup: { limits: { maxPaths: 2 }, files: { 'yum/1': '1', 'yum/2': '2', 'yum/3': '3' } },
    before: [post('/yum/1', '/yum/2')],
    requests: [post('/yum/1', '/yum/2', '/yum/3'), post('/yum/1', '/nowhere', '/nowhere')],
  },
  'more than 10,000 paths': { statuses: [413], requests: [post(...many(10_001))] },
  'thousands of missing paths': { statuses: [404], requests: [post(...many(5000))] },
  'a path thousands of times': {
    statuses: [422],
    requests: [post(...Array<string>(5000).fill(GOOD))],
  },
  'sets of files without a common directory': {
    statuses: [422],
    setup: { files: { 'apt/x': 'x', top: 'x' } },
    requests: [post('/apt/x', GOOD), post('/top'), post('/*/*')],
  },
  'sets that would make an empty torrent': {
    statuses: [422],
    setup: { files: { 'yum/empty': '' } },
    requests: [post('/yum/empty'), get(`${SINGLE}/yum/empty`)],
  },
  'paths of a form that are not absolute, or have two lines': {
    statuses: [400],
    requests: [
      'yum/good.rpm',
      '',
      '../yum/x',
      'file:///etc/passwd',
      '~/x',
      `${GOOD}%0a${GOOD}`,
    ].map((path) => post(path)),
  },
}

const near = Object.fromEntries(
  Array.from({ length: 20 }, (_, i) => [`near/${'a'.repeat(220 + i)}`, 'x']),
)
const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`ten/${i}`, 'x']))

const PATTERNS: Record<string, Refused> = {
  'hostile patterns, quickly': {
    statuses: [404],
    setup: { files: near },
    requests: [
      ...[`${'*a'.repeat(100)}*b`, `${'a*'.repeat(200)}b`, `${'*'.repeat(200)}b`, '{a,a}{a,a}*b'],
      ...[`${'*?'.repeat(100)}b`, `${'[a-z]*'.repeat(40)}b`, `${'*[!b]'.repeat(40)}b`],
      ...['[a-'.repeat(60), `${'['.repeat(250)}*`, `[${'a-z'.repeat(80)}]*b`, '*(a|a?)+b*'],
    ].flatMap((pattern) => matched(`/near/${encodeURIComponent(pattern)}`)),
  },
  'many patterns in a row, quickly': {
    statuses: [400, 404, 422],
    setup: { files: near },
    requests: [get(SINGLE + '/*'.repeat(1500)), get(`${SINGLE}/${'*'.repeat(4000)}`)],
  },
  'a pattern in the address of a file': {
    statuses: [404],
    requests: ['/yum/*', '/yum/good.rp?', '/yum/good.rp%3f', '/yum/[g]ood.rpm'].map(get),
  },
  'patterns that match too many files': {
    statuses: [422],
    setup: { limits: { maxMatches: 9 }, files: ten },
    requests: [...matched('/ten/*'), get(`${SINGLE}/*/*`), post('/ten/[0-4]', '/ten/[5-9]')],
  },
}

const OUTSIDE = [
  ...['/yum/file-out', '/yum/relative-out', '/yum/chain', '/yum/dir-out/secret.txt'],
  ...['/deep/chain/secret.txt', '/yum/environ', '/everything/etc/passwd'],
  ...['/self', '/loop', '/dangling', '/loop/x'],
]
const DEVICES = ['/yum/zero', '/yum/null', '/dev/zero', '/dev/full', '/yum/pipe', '/yum/to-pipe']
const climbing = ['/yum/dir-out/../secret.txt', '/../secret.txt', '/%2e%2e/x']

const UNPUBLISHED: Record<string, Refused> = {
  'hidden files': {
    statuses: [404],
    setup: HIDING,
    requests: HIDDEN.flatMap(anywhere),
  },
  'patterns for hidden files': {
    statuses: [404],
    setup: HIDING,
    requests: [
      ...[
        '/.*',
        '/.config/*',
        '/.well-known/*',
        '/*/.h*',
        '/yum/.hidde?',
        '/yum/?hidden',
        '/yum/[.]hidden',
      ],
      ...['/yum/[!a]hidden', '/yum/[+-9]hidden', '/yum/*hidden', '/*/*/config', '/yum/%2eh*'],
    ].flatMap(matched),
  },
  'targets of links out of the root, to itself and to nothing': {
    statuses: [403, 404],
    setup: { plant: plantLinks, args: NO_LISTINGS },
    requests: OUTSIDE.flatMap(anywhere),
  },
  'patterns behind links out of the root': {
    statuses: [403, 404],
    setup: LINKED,
    requests: ['/yum/f*-out', '/yum/dir-out/*', '/*/*/secret.txt', '/ever*/etc/p*d'].flatMap(
      matched,
    ),
  },
  'climbing even with --follow-symlinks': {
    statuses: [400, 404],
    setup: FOLLOWED,
    requests: climbing.flatMap(anywhere),
  },
  "the system's files about processes": {
    statuses: [403, 404],
    setup: LINKED,
    requests: ['environ', 'mem', 'root/etc/passwd', 'fd/0', 'cwd/package.json'].flatMap((name) =>
      files(`/proc/self/${name}`),
    ),
  },
  'pipes and devices, without waiting for a writer': {
    statuses: [403, 404],
    setup: LINKED,
    requests: [...DEVICES.flatMap(anywhere), ...['/yum/z*', '/yum/p*'].flatMap(matched)],
  },
  'pipes and devices, even if links may lead to them': {
    statuses: [403, 404],
    setup: FOLLOWED,
    requests: [...DEVICES.flatMap(anywhere), ...['/yum/z*', '/yum/p*'].flatMap(matched)],
  },
  'directories in every form': {
    statuses: [403, 404],
    setup: { files: { 'yum/directory.rpm/file': 'x' }, args: NO_LISTINGS },
    requests: ['/yum/directory.rpm', '/yum/directory.rpm/']
      .flatMap(anywhere)
      .concat(['/yum/d*', '/*'].flatMap(matched)),
  },
}

const ALL: Record<string, Refused> = {
  ...{ ...GARBAGE, ...HOSTS, ...ADDRESSES, ...FORMS, ...PATTERNS, ...UNPUBLISHED },
  ...Object.fromEntries(
    PATHS.map(([what, status, paths]): [string, Refused] => [
      `${what} in addresses of files and torrents, and in forms`,
      {
        statuses: [status].flat(),
        requests: paths.flatMap(anywhere),
        setup: UNLISTED,
      },
    ]),
  ),
}

/** The cases by the mirror that they need, of which one serves all of them. */
const mirrors = new Map<SiegeSetup, [string, Refused][]>()
for (const [what, refused] of Object.entries(ALL)) {
  const { setup = PLAIN } = refused
  mirrors.set(setup, [...(mirrors.get(setup) ?? []), [what, refused]])
}

for (const [setup, cases] of mirrors) {
  test(`refuses ${cases[0]?.[0]}, and ${cases.length - 1} others`, async (t) => {
    await besiege(t, setup, async ({ ask, checkRefused }) => {
      for (const [what, { statuses, requests, before = [] }] of cases) {
        await t.test(`refuses ${what}`, async () => {
          for (const request of before) assertAnswered(await ask(request))
          for (const request of requests) checkRefused(await ask(request), ...statuses)
        })
      }
    })
  })
}

function assertAnswered({ status, body }: { status: number; body: string }): void {
  if (status !== 200) throw new Error(`${status}: ${body}`)
}

/** A plant of what is beside the root, until the test ends. */
function plantBeside(t: TestContext): (root: string) => Promise<void> {
  return async (root) => {
    plantFiles(`${root}-private`, { 'secret.txt': SECRET })
    symlinkSync(`${root}-private`, join(root, 'sibling'))
    const server = createServer()
    t.after(() => {
      server.close()
      rmSync(`${root}-private`, { recursive: true })
    })
    await new Promise<void>((resolve) => server.listen(join(root, 'yum/socket'), resolve))
  }
}

test('refuses sockets, and a link to a sibling whose name begins as that of the root', async (t) => {
  await besiege(t, { plant: plantBeside(t) }, async ({ ask, checkRefused }) => {
    const requests = ['/sibling/secret.txt', '/yum/socket'].flatMap(anywhere)
    for (const request of requests.concat(matched('/yum/s*t'))) {
      checkRefused(await ask(request), 403, 404)
    }
  })
})
