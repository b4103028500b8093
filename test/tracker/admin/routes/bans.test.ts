import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { BanList } from '../../../../src/tracker/admin/storage/ban-list.js'
import { TorrentList } from '../../../../src/tracker/allowed/torrent-list.js'
import { type Fields, fieldsOf } from '../../../support/visitor.js'
import { makeScratch } from '../../../support/scratch.js'
import { type TestAdmin, startAdmin, startFormsAs } from '../../../support/admin.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'
import { announceQuery, compactPeers, startTrack, textIn } from '../../../support/track.js'

const HASH = 'ab'.repeat(20)

/** The failure reason of an announce from an address. */
async function failureOf({ tracker }: Pick<TestAdmin, 'tracker'>, hash: string, address = '') {
  const init = address === '' ? {} : { headers: { 'X-Forwarded-For': address } }
  return textIn(await tracker.ask(announceQuery(hash), init), 'failure reason')
}

test('a banned info hash is refused at once, and tracked again when the ban is lifted', async (t) => {
  const admin = await startAdmin(t, { open: true })
  const browser = await admin.logIn()
  assert.equal(await failureOf(admin, HASH), undefined)
  const fields = { act: 'ban', kind: 'torrents', torrents: HASH.toUpperCase(), reason: '<b>no</b>' }
  assert.equal((await browser.send('/bans', fields)).status, 303)
  assert.match((await failureOf(admin, HASH)) ?? '', /banned/)
  assert.match((await browser.get('/bans')).text, />&lt;b&gt;no&lt;\/b&gt;<\/td>\s*<td[^>]*>alice</)
  const again = await browser.send('/bans', fields)
  assert.deepEqual([again.status, /is banned already/.test(again.text)], [400, true])
  await browser.send('/bans', { kind: 'torrents', lift: HASH })
  const torrents = `magnet:?xt=urn:btih:${HASH}&dn=x`
  assert.equal((await browser.send('/bans', { ...fields, torrents })).status, 303)
  await browser.send('/bans', { kind: 'torrents', lift: HASH })
  assert.equal(await failureOf(admin, HASH), undefined)
  const log = readFileSync(join(admin.root, 'state/admin.log'), 'utf8')
  assert.match(log, new RegExp(`"action":"ban","target":"${HASH}","details":"<b>no</b>"`))
  assert.match(log, /"action":"lift a ban"/)
  await browser.send('/bans', fields)
  t.mock.method(TorrentList.prototype, 'refresh', () => Promise.reject(new Error('a fault')))
  const lifted = await browser.send('/bans', { kind: 'torrents', lift: HASH })
  assert.equal(lifted.status, 500)
})

test('lifting a ban changes no other line', async (t) => {
  const path = join(makeScratch(t), 'bans')
  const others = '# fleet of spammers\n  192.0.2.1 \n\n\t# alone\n'
  writeFileSync(path, '# fleet of spammers\n192.0.2.7\n  192.0.2.1 \n\n\t# alone\n192.0.2.9\n')
  const bans = new BanList(path)
  await bans.remove('192.0.2.7')
  await bans.add({ value: '192.0.2.8', comment: 'alice' })
  assert.equal(readFileSync(path, 'utf8'), `${others}192.0.2.9\n# alice\n192.0.2.8\n`)
  await bans.remove('192.0.2.8')
  await bans.remove('192.0.2.1')
  assert.equal(readFileSync(path, 'utf8'), '\n\t# alone\n192.0.2.9\n')
})

test('a torrent of an allowed directory can be banned, and leaves the pages', async (t) => {
  const bytes = torrentOf(singleFileInfo({ name: 'release' }))
  const infoHash = parseMetainfo(bytes).infoHash ?? ''
  const admin = await startAdmin(t, { files: { 'torrents/release.torrent': bytes } })
  const browser = await admin.logIn()
  assert.equal(await failureOf(admin, infoHash), undefined)
  await browser.send('/bans', { act: 'ban', kind: 'torrents', torrents: infoHash })
  assert.match((await failureOf(admin, infoHash)) ?? '', /banned/)
  assert.match((await browser.get('/bans')).text, /release<br/)
  assert.doesNotMatch(await (await admin.tracker.get('/')).text(), new RegExp(infoHash))
})

/** The fields of a form as a browser sends them. */
const hiddenIn = (page: { readonly text: string }): Fields =>
  fieldsOf(page).map(([name, value]) => [name, value.replaceAll('&amp;', '&')])

test('a torrent is banned and its ban lifted, both with a message', async (t) => {
  const name = 'a "b" <c>'
  const bytes = torrentOf(singleFileInfo({ name }))
  const infoHash = parseMetainfo(bytes).infoHash ?? ''
  const { browser: alice } = await startFormsAs(t, 'alice', { 'torrents/x/r.torrent': bytes })
  const { text } = await alice.get(`/peers?of=${infoHash}`)
  const address = /href="(ban\?[^"]+)"\s*>Ban the torrent/.exec(text)?.[1] ?? ''
  const asked = await alice.get(`/${address.replaceAll('&amp;', '&')}`)
  assert.match(asked.text, /<h1>Ban a &quot;b&quot; &lt;c&gt;\?<\/h1>/)
  assert.match(asked.text, /id="reason"[^>]+autofocus/)
  const fields = hiddenIn(asked).filter(([field]) => field !== 'reason')
  const banned = await alice.post('/bans', [...fields, ['reason', 'spam: "x"'], ['act', 'ban']])
  assert.equal(banned.location, 'torrents')
  assert.match(banned.text, /role="status">\s*a &quot;b&quot; &lt;c&gt; is banned\./)
  const row = /<tbody>[^]*?<\/tbody>/.exec((await alice.get('/bans')).text)?.[0] ?? ''
  const cells = [...row.matchAll(/<t[hd][^>]*>([^]*?)<\/t[hd]>/g)].map(([, cell = '']) => cell)
  assert.equal(cells[0], `a &quot;b&quot; &lt;c&gt;<br /><code>${infoHash}</code>`)
  assert.deepEqual(cells.slice(1, 3), ['spam: &quot;x&quot;', 'alice'])
  assert.match(cells[3] ?? '', /^\d{4}-\d\d-\d\d$/)
  const note = /<div class="note"[^]*?<\/div>/.exec(banned.text)?.[0] ?? ''
  const lift: Fields = [...hiddenIn({ text: note }), ['lift', infoHash]]
  const lifted = await alice.post('/bans', lift)
  assert.equal(lifted.location, 'torrents')
  assert.match(lifted.text, /The ban of a &quot;b&quot; &lt;c&gt; is lifted\./)
})

test('the page that bans leads to no other site', async (t) => {
  const { browser: alice } = await startFormsAs(t, 'alice')
  const from = 'https://evil.example/'
  const { text } = await alice.get(`/ban?kind=torrents&torrents=${HASH}&from=${from}`)
  assert.doesNotMatch(text, /evil/)
  const fields = { kind: 'torrents', torrents: HASH, from }
  assert.equal((await alice.post('/bans', fields)).location, 'bans')
})

test('a banned address gets no answer, nor does its network', async (t) => {
  const admin = await startAdmin(t, { open: true, args: ['--trust-proxy', '127.0.0.1'] })
  const browser = await admin.logIn()
  const ban = (addresses: string) =>
    browser.send('/bans', { act: 'ban', kind: 'addresses', addresses, reason: '' })
  assert.equal(await failureOf(admin, HASH, '192.0.2.7'), undefined)
  assert.equal((await ban('192.0.2.0/24')).status, 303)
  assert.notEqual(await failureOf(admin, HASH, '192.0.2.7'), undefined)
  assert.equal(await failureOf(admin, HASH, '198.51.100.7'), undefined)
  assert.equal((await ban('198.51.100.1 - 198.51.100.9')).status, 303)
  assert.notEqual(await failureOf(admin, HASH, '198.51.100.7'), undefined)
})

test('a ban of the own address or this machine is asked about first', async (t) => {
  const admin = await startAdmin(t, { open: true })
  const browser = await admin.logIn()
  const ban = { kind: 'addresses', addresses: '127.0.0.0/8', reason: 'a slip', act: 'ban' }
  const asked = await browser.post('/bans', ban)
  assert.match(asked.text, /You come from 127\.0\.0\.1: [^]*This machine is in it: /)
  assert.equal(await failureOf(admin, HASH), undefined)
  const given = hiddenIn(asked)
  assert.ok(given.some(([name, value]) => name === 'reason' && value === 'a slip'))
  assert.equal((await browser.post('/bans', given)).location, 'bans')
  assert.match((await failureOf(admin, HASH)) ?? '', /address/)
})

test('a peer whose address is banned is given to others no more', async (t) => {
  const admin = await startAdmin(t, { open: true })
  const browser = await admin.logIn()
  const { ask } = admin.tracker
  for (const [n, ip] of ['192.0.2.7', '192.0.2.8', '198.51.100.7'].entries())
    await ask(announceQuery(HASH, { peer: `${n}`, ip }))
  const addresses = '192.0.2.0/24'
  await browser.send('/bans', { act: 'ban', kind: 'addresses', addresses, reason: '' })
  const answer = await ask(announceQuery(HASH, { peer: 'new', left: 5 }))
  assert.deepEqual(compactPeers(answer), ['198.51.100.7:6881'])
  assert.equal(answer.get('complete'), 1)
})

test('what is no address or info hash is not written', async (t) => {
  const admin = await startAdmin(t, { open: true })
  const browser = await admin.logIn()
  for (const addresses of ['', 'x', '1.2.3.4\n5.6.7.8', '# x', '300.1.1.1', 'name:1.1.1.1-1.1.1.2'])
    assert.equal(
      (await browser.send('/bans', { act: 'ban', kind: 'addresses', addresses })).status,
      400,
      addresses,
    )
  for (const torrents of ['', 'abc', `${HASH}0`, `${HASH} x`, '../../etc/passwd'])
    assert.equal(
      (await browser.send('/bans', { act: 'ban', kind: 'torrents', torrents })).status,
      400,
      torrents,
    )
  for (const lift of ['#', '1.1.1.1'])
    assert.equal((await browser.send('/bans', { kind: 'addresses', lift })).status, 400)
  assert.equal(readFileSync(join(admin.root, 'state/banned-ips'), 'utf8'), '')
})

test('bans outlive the administration; a file that is named is edited, and its lines kept', async (t) => {
  const first = await startAdmin(t, { open: true })
  await (await first.logIn()).send('/bans', { act: 'ban', kind: 'torrents', torrents: HASH })
  await first.tracker.stop()
  const state = join(first.root, 'state')
  const plain = await startTrack(t, { args: ['--state-dir', state] })
  assert.match((await failureOf({ tracker: plain }, HASH)) ?? '', /banned/)
  await plain.stop()
  const list = join(state, 'banned-torrents')
  const before = readFileSync(list, 'utf8')
  const named = await startAdmin(t, { open: true, args: ['--banned-list', list] })
  const other = 'cd'.repeat(20)
  await (await named.logIn()).send('/bans', { act: 'ban', kind: 'torrents', torrents: other })
  assert.ok(readFileSync(list, 'utf8').startsWith(before))
  assert.equal(statSync(list).mode & 0o777, 0o600)
})

test('of 1,001 bans and more than 500 entries of the log the newest are listed', async (t) => {
  const hashes = Array.from({ length: 1001 }, (_, n) => `${1000 + n}`.padStart(40, 'a'))
  const entry = '{"time":"2030-01-01T00:00:00Z","user":"bob","action":"edit","target":"x"}\n'
  const { logIn } = await startAdmin(t, {
    open: true,
    files: {
      'state/banned-torrents': `# by hand\n${hashes.join('\n# by hand\n')}`,
      'state/admin.log': entry.repeat(500),
    },
  })
  const alice = await logIn()
  const { text } = await alice.get('/bans')
  assert.deepEqual(text.match(/\ba{36}\d{4}(?=<)/g), hashes.slice(1).reverse())
  assert.equal(text.match(/>by hand</g)?.length, 1000)
  assert.match(text, />1 older bans are not listed/)
  assert.equal((await alice.get('/log')).text.match(/<tr/g)?.length, 1 + 500)
})

test('uploaders can neither see nor change bans', async (t) => {
  const admin = await startAdmin(t, { open: true })
  const bob = await admin.logIn('bob')
  assert.equal((await bob.get('/bans')).status, 403)
  const fields = { act: 'ban', kind: 'torrents', torrents: HASH }
  assert.equal((await bob.send('/bans', fields, '/')).status, 403)
  assert.equal(await failureOf(admin, HASH), undefined)
})

test('a ban of most of the internet is refused', async (t) => {
  const admin = await startAdmin(t, { open: true, args: ['--trust-proxy', '127.0.0.1'] })
  const browser = await admin.logIn()
  for (const addresses of ['0.0.0.0/0', '1.0.0.0-2.0.0.0', '::/0']) {
    const answer = await browser.send('/bans', { act: 'ban', kind: 'addresses', addresses })
    assert.deepEqual([answer.status, /name a smaller network/.test(answer.text)], [400, true])
  }
  for (const addresses of ['10.0.0.0/8', '2001::/16'])
    assert.equal((await browser.send('/bans', { kind: 'addresses', addresses })).status, 303)
  assert.equal(await failureOf(admin, HASH, '192.0.2.7'), undefined)
})
