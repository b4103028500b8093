import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { parseClientAddress } from '../../../../src/seeding/clients/address.js'
import { connectClient } from '../../../../src/seeding/clients/connect.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { infoHashOf } from '../../../support/info-hashes.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { listenLocally } from '../../../support/listen.js'

/** rtorrent 0.9.8 with xmlrpc-c 1.33, which refuses a whole call with a character beyond U+FFFF. */
function answerTo(body: string): string {
  const value = (inner: string) => `<params><param><value>${inner}</value></param></params>`
  const inner = /[\u{10000}-\u{10ffff}]/u.test(body)
    ? '<fault><value><struct><member><name>faultString</name><value><string>Call XML not a proper XML-RPC call.</string></value></member></struct></value></fault>'
    : body.includes('size_limit')
      ? value('<i8>524288</i8>')
      : value(
          `<array><data>${'<value><i4>0</i4></value>'.repeat(body.split('methodName</name>').length - 1)}</data></array>`,
        )
  return `<?xml version="1.0"?><methodResponse>${inner}</methodResponse>`
}

test('a character that rtorrent refuses in one torrent keeps no other from being published', async (t) => {
  const calls: string[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      calls.push(body)
      response.end(answerTo(body))
    })
  })
  const address = parseClientAddress(`rtorrent+http://127.0.0.1:${await listenLocally(t, server)}`)
  const { signal } = new AbortController()
  const client = connectClient(address, { timeoutMs: 10_000, signal })
  const metainfo = parseMetainfo(torrentOf(singleFileInfo()))
  const torrents = ['/srv/a', '/srv/\u{1f600}', '/srv/c'].map((directory) => {
    return { metainfo, directory, fileTimes: null }
  })
  const errors = (await client.add(torrents)).map((error) => error?.message ?? null)
  const why = `${client.label}: its XML-RPC refuses \u{1f600} in a path; rename the directory`
  assert.deepEqual(errors, [null, why, null])
  calls.length = 0
  await client.start(['aa', 'bb'].map((hex) => infoHashOf(hex.repeat(20))))
  assert.equal(calls.length, 1)
})
