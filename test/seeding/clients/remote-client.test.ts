import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { parseClientAddress } from '../../../src/seeding/clients/address.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { listenLocally, serveLocally } from '../../support/listen.js'

interface Refusal {
  readonly kind: string
  readonly status: number
  readonly body?: string
  readonly words: RegExp
}

const refusals: readonly Refusal[] = [
  // Transmission 4 has no words for either cause
  { kind: 'transmission', status: 403, body: '<h1>403: Forbidden</h1>', words: /rpc-whitelist;/ },
  { kind: 'transmission', status: 403, words: /after too many failed logins, restart/ },
  { kind: 'transmission', status: 421, words: /host name 127\.0\.0\.1; add it to rpc-host-white/ },
  ...['transmission', 'qbittorrent', 'deluge', 'rtorrent'].flatMap((kind) => [
    {
      kind,
      status: 413,
      words: /HTTP status 413: the request is too large .*client_max_body_size/,
    },
    {
      kind,
      status: 503,
      body: '<html><h1>Down for\nmaintenance</h1></html>',
      words: /HTTP status 503: Down for maintenance$/m,
    },
  ]),
]

for (const { kind, status, body, words } of refusals) {
  test(`status ${status} of ${kind} is reported with ${words}`, async (t) => {
    const port = await serveLocally(t, (request, response) => {
      request.resume().on('end', () => response.writeHead(status).end(body))
    })
    const result = await runBtkit(['status', '--client', `${kind}+http://a:b@127.0.0.1:${port}`])
    assert.equal(result.status, 1)
    assert.match(result.stderr, words)
  })
}

for (const [kind, other, isOther] of [
  ['qbittorrent', 'transmission', () => [301, '', { Server: 'Transmission', Location: '/web/' }]],
  ['transmission', 'qbittorrent', (url) => (url.endsWith('/app/version') ? [200, 'v4.5'] : [400])],
  ['deluge', 'qbittorrent', (url) => (url.endsWith('/app/version') ? [403, 'Forbidden'] : [404])],
] as readonly [
  string,
  string,
  (url: string) => readonly [status: number, body?: string, headers?: Record<string, string>],
][]) {
  test(`${kind} at the address of ${other} is reported with the address to use`, async (t) => {
    const port = await serveLocally(t, (request, response) => {
      const [status, body, headers] = isOther(request.url ?? '')
      request.resume().on('end', () => response.writeHead(status, headers).end(body))
    })
    const result = await runBtkit(['status', '--client', `${kind}+http://a:b@127.0.0.1:${port}`])
    assert.equal(result.status, 1)
    assert.ok(result.stderr.includes(`answers here; use ${other}+http://127.0.0.1:${port}\n`))
  })
}

for (const [kind, path, address] of [
  ['transmission', '/transmission/rpc', 'transmission+https://box.example:443/transmission/rpc'],
  ['qbittorrent', '/', 'qbittorrent+https://box.example:443/'],
  ['deluge', '/json', 'deluge+https://box.example:443/json'],
  ['rtorrent', '/RPC2', 'rtorrent+https://box.example:443/RPC2'],
] as const) {
  test(`a redirect of ${kind} to https is reported with the address to use`, async (t) => {
    const port = await serveLocally(t, (request, response) => {
      const location = `https://box.example${request.url}`
      request.resume().on('end', () => response.writeHead(301, { Location: location }).end())
    })
    const client = `${kind}+http://127.0.0.1:${port}${path}`
    const { stderr } = assertStatus(await runBtkit(['status', '--client', client]), 1)
    assert.ok(stderr.endsWith(`; if the client is there, use ${address}\n`), stderr)
    assert.equal(parseClientAddress(address).kind, kind)
  })
}

test('a redirect to the web interface of Transmission is reported with its remote control', async (t) => {
  const server = createServer((request, response) => {
    request
      .resume()
      .on('end', () => response.writeHead(301, { Location: '/transmission/web/' }).end())
  })
  const host = `127.0.0.1:${await listenLocally(t, server)}`
  for (const path of ['/transmission', '/rpc']) {
    const { stderr } = await runBtkit(['status', '--client', `transmission+http://${host}${path}`])
    assert.ok(stderr.endsWith(`, use transmission+http://${host}/transmission/rpc\n`), stderr)
  }
})
