// In a process of its own: it replaces the network of the process
import assert from 'node:assert/strict'
import dns from 'node:dns'
import promises from 'node:dns/promises'
import net, { isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net'
import { test, type TestContext } from 'node:test'
import { Reach, reachOf } from '../../../src/core/remote/address-reach.js'
import { connectDirectly } from '../../../src/core/remote/http-connection.js'
import { requestHttp } from '../../../src/core/remote/http-request.js'
import { RedirectFault } from '../../../src/core/remote/redirect-guard.js'
import { askRemote } from '../../../src/core/remote/remote-file.js'
import { serveLocally } from '../../support/listen.js'
import { importMocks } from '../../support/import-mocks.js'

const { signal } = new AbortController()

/** The addresses of hosts for each question; the last ones are those of all further questions. */
type Names = Readonly<Record<string, readonly (readonly string[])[]>>

/**
 * A network in which one server answers at all addresses; `/to/URL` redirects to that URL. Returns
 * the URLs that it was asked for.
 */
async function startNetwork(t: TestContext, names: Names): Promise<string[]> {
  const asked: string[] = []
  const port = await serveLocally(t, ({ url = '', headers }, response) => {
    asked.push(url.startsWith('/') ? `http://${headers.host}${url}` : url)
    const location = /\/to\/(.+)/.exec(url)?.[1]
    if (location) response.writeHead(302, { location: decodeURIComponent(location) }).end()
    else response.end('ok')
  })
  const questions = new Map<string, number>()
  const find = (host: string) => {
    const answers = names[host] ?? []
    const question = questions.get(host) ?? 0
    questions.set(host, question + 1)
    const found = answers[Math.min(question, answers.length - 1)] ?? []
    return found.map((address) => ({ address, family: isIP(address) }))
  }
  const connect = net.connect as (options: TcpNetConnectOpts) => Socket
  t.mock.method(dns, 'lookup', ((host, _, done) => {
    done(null, find(host))
  }) as LookupFunction)
  t.mock.method(promises, 'lookup', (host: string) => Promise.resolve(find(host)))
  t.mock.method(net, 'connect', (options: TcpNetConnectOpts) => {
    const { host = '', lookup = dns.lookup } = options
    const here: LookupFunction = (name, asking, done) => {
      lookup(name, { ...asking, all: true }, (error) => {
        done(error, asking.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4)
      })
    }
    return connect({ ...options, host: isIP(host) ? '127.0.0.1' : host, port, lookup: here })
  })
  importMocks(t)
  return asked
}

/** Follows a redirect from one URL to another, over connections of a family. */
async function follow(from: string, to: string, family?: 4 | 6): Promise<void> {
  const url = `http://${from}/to/${encodeURIComponent(`http://${to}/`)}`
  const response = await requestHttp(url, { signal, redirects: 2, isGuarded: true, family })
  response.end()
}

const NAMES: Names = {
  'public.test': [['203.0.113.5']],
  'private.test': [['10.0.0.1']],
  'both.test': [['203.0.113.5', '127.0.0.2']],
  'once-public.test': [['203.0.113.5'], ['10.0.0.1']],
  'rebound-1.test': [['203.0.113.5'], ['10.0.0.1']],
  'rebound-2.test': [['203.0.113.5'], ['127.0.0.1']],
  'rebound-3.test': [['203.0.113.5'], ['10.0.0.1']],
  'later-private.test': [['203.0.113.5'], ['10.0.0.1']],
  'proxy.test': [['10.0.0.2']],
}

test('a redirect from the internet into a private network is refused', async (t) => {
  const asked = await startNetwork(t, NAMES)
  const origins = ['public.test', 'both.test', '203.0.113.5', '[64:ff9b::5db8:d822]']
  const targets = ['private.test', 'both.test', '10.0.0.1', '100.100.100.200', '[64:ff9b::a00:1]']
  for (const from of origins) {
    for (const to of targets) {
      await assert.rejects(follow(from, to), RedirectFault, `${from} to ${to}`)
      assert.match(asked.pop() ?? '', /\/to\//)
      assert.equal(asked.length, 0)
    }
  }
})

test('a host that had an address of the internet is asked at no other one', async (t) => {
  const asked = await startNetwork(t, NAMES)
  // The origin of a redirect is looked up again, and so is each host for another family
  await assert.rejects(follow('once-public.test', 'private.test'), RedirectFault)
  assert.match(asked.pop() ?? '', /once-public/)
  const get = (host: string, family: 4 | 6) =>
    requestHttp(`http://${host}/`, { signal, isGuarded: true, family })
  await assert.rejects(get('once-public.test', 4), RedirectFault)
  assert.deepEqual(asked, [])
  for (const [i, family] of ([4, 6] as const).entries()) {
    ;(await get('both.test', family)).end()
    assert.equal(asked.length, i + 1)
  }
})

test('every download of bytes that a stranger may have chosen is guarded', async (t) => {
  const asked = await startNetwork(t, NAMES)
  const url = `http://public.test/to/${encodeURIComponent('http://private.test/')}`
  const message = /redirects into a private network/
  await assert.rejects(askRemote(url, { signal }), message)
  assert.deepEqual([...new Set(asked)], [url])
  for (const [ask, host] of [
    [askRemote, 'rebound-1.test'],
    [askRemote, 'rebound-2.test'],
    [(url: string) => connectDirectly(new URL(url), {}), 'rebound-3.test'],
  ] as const) {
    await requestHttp(`http://${host}/`, { signal, family: 4 }).then(({ end }) => {
      end()
    })
    await assert.rejects(ask(`http://${host}/`, { signal }), /in a private network now/)
    assert.equal(asked.filter((each) => each.includes(host)).length, 1)
  }
})

test('a redirect within a private network, or into the internet, is followed', async (t) => {
  const asked = await startNetwork(t, NAMES)
  await follow('private.test', '127.0.0.1')
  await follow('private.test', 'public.test')
  await follow('public.test', '198.51.100.7')
  assert.equal(asked.length, 6)
})

/** Names a proxy in the environment until the test ends. */
function useProxy(t: TestContext, name: 'http_proxy' | 'https_proxy'): void {
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  process.env[name] = 'http://proxy.test:3128'
}

test('a host whose address becomes private after the first question is not asked', async (t) => {
  const asked = await startNetwork(t, NAMES)
  // Of another scheme than the request
  useProxy(t, 'https_proxy')
  await assert.rejects(follow('public.test', 'later-private.test', 4), RedirectFault)
  assert.equal(asked.length, 1)
})

test('a proxy may be in a private network', async (t) => {
  const asked = await startNetwork(t, NAMES)
  useProxy(t, 'http_proxy')
  await follow('public.test', 'unknown.test', 6)
  assert.equal(asked.at(-1), 'http://unknown.test/')
  await assert.rejects(follow('public.test', 'private.test', 6), RedirectFault)
})

// RFC 6890, and the addresses that have an IPv4 address in them (RFC 6052, 3056, 4291)
test('addresses of private networks and of this machine do not reach all', () => {
  const own = ['127.0.0.1', '::1', '::ffff:127.0.0.1', '169.254.169.254', 'fe80::1']
  const embedded = ['64:ff9b::10.0.0.1', '2002:a00:1::1', '2002:c0a8:101::', '::10.0.0.1']
  const shared = ['100.64.0.1', '100.127.255.254', '198.18.0.1', '198.19.255.255', '192.0.0.1']
  const site = ['10.0.0.1', '172.31.0.1', '192.168.0.1', 'fc00::1', 'fec0::1', '64:ff9b:1::1']
  for (const address of [...own, ...embedded, ...shared, ...site, '0.0.0.0', '::'])
    assert.notEqual(reachOf(address), Reach.all, address)
  for (const address of ['127.0.0.1', '::1', '64:ff9b::127.0.0.1'])
    assert.equal(reachOf(address), Reach.machine, address)
  const all = ['100.63.0.1', '100.128.0.1', '198.20.0.1', '192.0.1.1', '64:ff9b::8.8.8.8']
  for (const address of [...all, '8.8.8.8', '2002:808:808::1', '2001:4860::5', '::ffff:8.8.8.8'])
    assert.equal(reachOf(address), Reach.all, address)
})
