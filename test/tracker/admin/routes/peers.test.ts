import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { startAdmin } from '../../../support/admin.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { announceQuery } from '../../../support/track.js'

test('admins see the peers of a torrent, seeds first, with a way to ban each; uploaders do not', async (t) => {
  const bytes = torrentOf(singleFileInfo({ name: 'release' }))
  const infoHash = parseMetainfo(bytes).infoHash ?? ''
  const files = { 'torrents/release.torrent': bytes }
  const admin = await startAdmin(t, { files, args: ['--trust-proxy', '127.0.0.1'] })
  const announce = async (address: string, fields: Parameters<typeof announceQuery>[1]) => {
    const headers = { 'X-Forwarded-For': address }
    await admin.tracker.ask(announceQuery(infoHash, fields), { headers })
  }
  await announce('192.0.2.7', { peer: '-TR4060-leecher', port: 4000, left: 5 })
  await announce('2001:db8::8', { peer: '-qB5010-<b>', port: 5000 })
  const browser = await admin.logIn()
  const list = await browser.get('/torrents')
  const edit = /href="(edit[^"]+)" aria-label="Edit release"/.exec(list.text)?.[1] ?? ''
  const form = await browser.get(`/${edit.replaceAll('&amp;', '&')}`)
  const link = /href="(peers\?of=\w+)"/.exec(form.text)?.[1] ?? ''
  const { status, text } = await browser.get(`/${link}`)
  assert.equal(status, 200)
  const cells = (row: string) => {
    return [...row.matchAll(/<t[dh][^>]*>([\s\S]*?)<\/t[dh]>/g)].map(([, cell = '']) => {
      return cell.replaceAll(/<[^>]*>/g, '').trim()
    })
  }
  const rows = [...text.matchAll(/<tr[^>]*>([\s\S]*?)<\/tr>/g)].map(([, row = '']) => cells(row))
  assert.deepEqual(
    rows.slice(1).map((row) => row.slice(0, 4)),
    [
      ['2001:db8::8', '5000', 'qBittorrent 5.0.1', 'seed'],
      ['192.0.2.7', '4000', 'Transmission 4.0.6', 'leecher'],
    ],
  )
  assert.match(
    text,
    new RegExp(`href="ban\\?kind=torrents&amp;torrents=${infoHash}&amp;from=torrents"`),
  )
  assert.match(text, /href="ban\?kind=addresses&amp;addresses=192\.0\.2\.7&amp;from=peers/)
  const bob = await admin.logIn('bob')
  assert.equal((await bob.get(`/${link}`)).status, 403)
  assert.doesNotMatch((await bob.get('/torrents')).text, /href="peers/)
  assert.doesNotMatch(await (await admin.tracker.get('/')).text(), /192\.0\.2\.7/)
})

/** Peer ids that the programs send, each with the version that it prints. */
const IDS = {
  '-BC0213-': 'BitComet 2.13',
  '-BI3600-': 'BiglyBT 3.6.0',
  '-BK0100-': 'btkit 0.1.0',
  '-DE211s-': 'Deluge 2.1.1',
  '-LT20B0-': 'libtorrent 2.0.11',
  '-UT355W-': 'µTorrent 3.5.5',
  '-WW0205-': 'WebTorrent 2.5',
  '-ZZ1234-': '-ZZ1234-',
  '-lt0D80-': 'libTorrent (rTorrent) 0.13.8',
  'A2-1-36-0-': 'aria2 1.36',
  'A2-1-35-1-': 'aria2 1.35.1',
}

test('clients have their names, with the code as a title; unknown codes stay', async (t) => {
  const { tracker, logIn } = await startAdmin(t, { open: true })
  const hash = 'ab'.repeat(20)
  for (const [at, peer] of Object.keys(IDS).entries())
    await tracker.ask(announceQuery(hash, { peer, port: 4000 + at, ip: `192.0.2.${at + 1}` }))
  const { text } = await (await logIn()).get(`/peers?of=${hash}`)
  const cells = [...text.matchAll(/data-label="Port">(\d+)<\/td>\s*<td[^>]*>(.*?)<\/td>/g)]
  const names = cells.toSorted().map(([, , cell = '']) => cell.replaceAll(/<[^>]*>/g, ''))
  assert.deepEqual(names, Object.values(IDS))
  assert.match(text, /<span title="-BK0100-">btkit 0\.1\.0</)
  assert.match(text, /<time>\d{4}-\d\d-\d\d /)
})
