import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { parseClientAddress } from '../../../../src/seeding/clients/address.js'
import { connectClient } from '../../../../src/seeding/clients/connect.js'
import { infoHashOf } from '../../../support/info-hashes.js'
import { listenLocally } from '../../../support/listen.js'

const HASH = infoHashOf('a'.repeat(40))

/** Answers a request over SCGI, given as text. */
type Answerer = (request: string) => string

async function startScgi(t: TestContext, answer: Answerer) {
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', (bytes) => socket.end(answer(bytes.toString())))
  })
  const port = await listenLocally(t, server)
  const label = `scgi://127.0.0.1:${port}`
  const { signal } = new AbortController()
  return { label, client: connectClient(parseClientAddress(label), { timeoutMs: 5000, signal }) }
}

function respond(value: string): string {
  const xml = `<methodResponse><params><param><value>${value}</value></param></params></methodResponse>`
  return `Status: 200 OK\r\nContent-Type: text/xml\r\n\r\n${xml}`
}

test('an empty answer says that rtorrent hung up', async (t) => {
  const { client, label } = await startScgi(t, () => '')
  const message = `${label}: closed the connection without an answer`
  await assert.rejects(client.list(), { code: 'unreachable', message })
  await assert.rejects(client.listSeeded!(), { code: 'unreachable', message })
})

test('the port of SCGI that is asked by HTTP is named', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.destroy())
  })
  const port = await listenLocally(t, server)
  const address = parseClientAddress(`rtorrent+http://127.0.0.1:${port}`)
  const { signal } = new AbortController()
  const client = connectClient(address, { timeoutMs: 5000, signal })
  await assert.rejects(client.list(), {
    code: 'unreachable',
    message: `rtorrent+http://127.0.0.1:${port}: the connection broke off; if that is the port of SCGI, use scgi://127.0.0.1:${port}`,
  })
})

test('an answer that is no list is no empty list', async (t) => {
  for (const value of ['<i4>0</i4>', '', '<struct></struct>']) {
    const { client, label } = await startScgi(t, () => respond(value))
    const message = `${label}: unexpected answer: no list of torrents`
    await assert.rejects(client.list(), { code: 'client', message })
  }
})

test('a torrent without an info hash is no torrent', async (t) => {
  const row = '<array><data><value><string>no hash</string></value></data></array>'
  const { client, label } = await startScgi(t, () => {
    return respond(`<array><data><value>${row}</value></data></array>`)
  })
  const message = `${label}: unexpected answer: 'no hash' is not an info hash`
  await assert.rejects(client.list(), { code: 'client', message })
})

test('a torrent without an info hash hides no other', async (t) => {
  const rows = [HASH.toUpperCase(), 'no hash', '', 'b'.repeat(40)].map((hash) => {
    return `<value><array><data><value><string>${hash}</string></value></data></array></value>`
  })
  const { client } = await startScgi(t, () =>
    respond(`<array><data>${rows.join('')}</data></array>`),
  )
  const hashes = (await client.list()).map(({ infoHash }) => infoHash)
  assert.deepEqual(hashes, [HASH, 'b'.repeat(40)])
})

test('a fault among the answers of several calls is an error', async (t) => {
  const fault = ['faultCode</name><value><i4>-5', 'faultString</name><value><string>no']
  const { client, label } = await startScgi(t, (request) => {
    if (request.includes('size_limit')) return respond('<i8>524288</i8>')
    const members = `<member><name>${fault[0]}</i4></value></member><member><name>${fault[1]}</string></value></member>`
    return respond(`<array><data><value><struct>${members}</struct></value></data></array>`)
  })
  for (const call of [client.start([HASH]), client.remove([HASH])]) {
    await assert.rejects(call, { code: 'client', message: `${label}: no` })
  }
})

test('fewer answers than calls are an error', async (t) => {
  const { client, label } = await startScgi(t, (request) => {
    const isLimit = request.includes('size_limit')
    return respond(isLimit ? '<i8>524288</i8>' : '<array><data></data></array>')
  })
  const message = `${label}: unexpected answer: not one for each call`
  await assert.rejects(client.remove([HASH]), { code: 'client', message })
})
