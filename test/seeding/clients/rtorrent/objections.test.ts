import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { parseClientAddress } from '../../../../src/seeding/clients/address.js'
import { connectClient } from '../../../../src/seeding/clients/connect.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { goldenTorrent, singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { serveLocally } from '../../../support/listen.js'

const answer = (value: string) =>
  `<?xml version="1.0"?><methodResponse><params><param><value>${value}</value></param></params></methodResponse>`

/** An rtorrent 0.9.8 whose DHT has this mode. */
async function rtorrentWith(dht: string, t: { after: (end: () => void) => void }) {
  const port = await serveLocally(t, (request, response) => {
    void text(request).then((body) => {
      const statistics = `<struct><member><name>dht</name><value><string>${dht}</string></value></member></struct>`
      const isVersion = body.includes('system.client_version')
      response.end(answer(isVersion ? '<string>0.9.8</string>' : statistics))
    })
  })
  const url = `rtorrent+http://127.0.0.1:${port}`
  const signal = new AbortController().signal
  return connectClient(parseClientAddress(url), { timeoutMs: 10_000, signal })
}

const TRACKER = { announce: 'http://t.example/announce' }

for (const [dht, isPrivate, beside, why] of [
  ['disable', false, {}, /rtorrent 0\.9\.8 can't open this torrent: it has no tracker, and dht/],
  ['auto', false, {}, null],
  ['auto', true, {}, /rtorrent 0\.9\.8 can't open this torrent: it is private and has no tracker/],
  ['disable', true, TRACKER, null],
] as const) {
  const what = `${isPrivate ? 'private ' : ''}torrent ${beside === TRACKER ? 'with' : 'without'}`
  test(`a ${what} a tracker, with dht.mode ${dht}, is ${why ? 'refused' : 'accepted'}`, async (t) => {
    const client = await rtorrentWith(dht, t)
    const info = singleFileInfo(isPrivate ? { private: 1 } : {})
    const metainfo = parseMetainfo(torrentOf(info, beside))
    const objection = await client.objection?.({ metainfo, directory: '/srv', fileTimes: null })
    if (why === null) assert.equal(objection, null)
    else assert.match(objection?.message ?? '', why)
  })
}

const PLAIN = torrentOf(singleFileInfo(), TRACKER)

for (const [what, directory, bytes, why] of [
  ['without data', null, PLAIN, /it downloads from no web seed$/],
  ['of version 2', '/srv', goldenTorrent('v2-single.torrent'), /: it opens version 1 only$/],
  ['with pad files', '/srv', goldenTorrent('hybrid-directory.torrent'), /: the torrent has pad/],
] as const) {
  test(`a torrent ${what} is refused`, async (t) => {
    const client = await rtorrentWith('auto', t)
    const metainfo = parseMetainfo(bytes)
    const objection = await client.objection?.({ metainfo, directory, fileTimes: null })
    assert.match(objection?.message ?? '', why)
  })
}
