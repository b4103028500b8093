import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { proxyFor } from '../../../src/core/remote/http-connection.js'
import { longTest } from '../../support/long.js'
import { serveLocally } from '../../support/listen.js'
import { unlessInstalled } from '../../support/peers.js'

const NAME = 'tracker.invalid'
const HOSTS = [NAME, `sub.${NAME}`, `not${NAME}`, `${NAME}.`, '192.0.2.7', '[2001:db8::7]']

/** The hosts that curl asks without the proxy, by the value of no_proxy. */
const DIRECT: Readonly<Record<string, readonly number[]>> = {
  '': [],
  '*': [0, 1, 2, 3, 4, 5],
  'x,*': [],
  'tracker.invalid': [0, 1, 3],
  '.tracker.invalid': [0, 1, 3],
  'tracker.invalid.': [0, 1, 3],
  'TRACKER.INVALID': [0, 1, 3],
  ' tracker.invalid , x': [0, 1, 3],
  'x tracker.invalid': [0, 1, 3],
  'x,,tracker.invalid,': [0, 1, 3],
  '*.tracker.invalid': [],
  'tracker.invalid:80': [],
  invalid: [0, 1, 2, 3],
  '192.0.2.7': [4],
  '192.0.2.0/24': [4],
  '192.0.2.0/33': [],
  '192.0.3.0/24': [],
  '192.0.2': [],
  '2001:db8::7': [5],
  '2001:db8:0::7': [5],
  '2001:db8::/32': [5],
}

/** curl before 8.0 compares IPv6 addresses as texts, though its manual says otherwise. */
const OF_LATER_CURL = ['2001:db8:0::7', '2001:db8::/32']

/** Sets the variables of proxies until the test ends. */
function withProxy(t: { after: (act: () => void) => void }, proxy: string, list: string): void {
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  Object.assign(process.env, { http_proxy: proxy, no_proxy: list })
}

for (const [list, direct] of Object.entries(DIRECT)) {
  test(`no_proxy names the same hosts as for curl: '${list}'`, (t) => {
    withProxy(t, 'http://127.0.0.1:9', list)
    const asked = HOSTS.map((host) => proxyFor(new URL(`http://${host}/`)))
    assert.deepEqual(
      asked.flatMap((proxy, i) => (proxy === null ? [i] : [])),
      direct,
    )
  })
}

longTest('curl decides so', unlessInstalled('curl'), async (t) => {
  const asked = new Set<string>()
  const port = await serveLocally(t, ({ url = '' }, response) => {
    asked.add(new URL(url).host)
    response.end()
  })
  for (const [list, direct] of Object.entries(DIRECT)) {
    if (OF_LATER_CURL.includes(list)) continue
    asked.clear()
    const env = { ...process.env, http_proxy: `http://127.0.0.1:${port}`, no_proxy: list }
    const ask = async (host: string) => {
      const args = ['-sgm', '2', '-o', '/dev/null', `http://${host}/`]
      await once(spawn('curl', args, { env, stdio: 'ignore' }), 'close')
    }
    await Promise.all(HOSTS.map(ask))
    const expected = HOSTS.filter((_, i) => !direct.includes(i))
    assert.deepEqual([...asked].sort(), expected.sort(), list)
  }
})
