import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { reportDays } from '../../../src/admin/reports/reports.js'
import { History } from '../../../src/tracker/history/history.js'
import { startAdmin } from '../../support/admin.js'
import { makeScratch } from '../../support/scratch.js'
import { formatBytes } from '../../../src/text/quantity.js'
import { goldenTorrent, singleFileInfo, torrentOf } from '../../support/torrents.js'
import { announceQuery } from '../../support/track.js'

const torrent = (name: string) => torrentOf(singleFileInfo({ name }))
const [GOOD, EVIL] = [torrent('good'), torrent('=HYPERLINK("http://x")')]
const FILES = {
  'torrents/linux/debian/good.torrent': GOOD,
  'torrents/evil.torrent': EVIL,
}

/** A tracker of two torrents, one of which was downloaded twice. */
async function startUsed(t: Parameters<typeof startAdmin>[0]) {
  const admin = await startAdmin(t, { files: FILES })
  const hash = parseMetainfo(GOOD).infoHash ?? ''
  for (const port of [6881, 6882]) {
    const peer = { peer: String(port), port }
    await admin.tracker.get(announceQuery(hash, { ...peer, left: 5, event: 'started' }))
    await admin.tracker.get(announceQuery(hash, { ...peer, event: 'completed' }))
  }
  const { length = 0 } = parseMetainfo(GOOD).files[0] ?? {}
  return { browser: await admin.logIn('bob'), hash, length }
}

test('the report of torrents has what was completed and transferred', async (t) => {
  const { browser, hash, length } = await startUsed(t)
  const { text, headers } = await browser.get('/reports.csv')
  assert.match(String(headers['content-disposition']), /^attachment; filename="tracker-by-torrent-/)
  const [head, first, second] = text.split('\r\n')
  assert.equal(head, 'Torrent,Completed,Transferred,Seeds,Downloaders,Size,Info hash')
  assert.equal(first, `good,2,${2 * length},2,0,${length},${hash}`)
  assert.match(second ?? '', /^"'=HYPERLINK\(""http:\/\/x""\)",0,0,/)
  const page = (await browser.get('/reports')).text
  assert.match(
    page,
    /<th class="name" scope="row">good<\/th>\s*<td class="n" data-label="Completed">2<\/td>/,
  )
})

test('the report of categories has their sums', async (t) => {
  const { browser, length } = await startUsed(t)
  const lines = (await browser.get('/reports.csv?by=category')).text.split('\r\n')
  assert.equal(lines[1], `/linux/debian,2,${2 * length},2,0,1,${length}`)
  assert.match(lines[2] ?? '', /^\(top\),0,0,0,0,1,/)
})

test('the report of days has the averages and sums of the history, the last day first', () => {
  const history = new History()
  const note = (downloaded: number, complete: number, day: number) => {
    const totals = { complete, downloading: 1, downloaded }
    history.note({ totals, held: new Map(), others: [] }, Date.UTC(2026, 0, day))
  }
  note(5, 2, 1)
  note(7, 3, 1)
  note(8, 4, 2)
  const rows = reportDays(history).rows
  assert.deepEqual(rows, [
    ['2026-01-02', 1, 4, 1],
    ['2026-01-01', 2, 2.5, 1],
  ])
})

test('a report of an unknown kind is not there', async (t) => {
  const { browser } = await startUsed(t)
  for (const path of ['/reports?by=__proto__', '/reports.csv?by=bogus']) {
    const { status, text } = await browser.get(path)
    assert.equal(status, 404)
    assert.match(text, /there is no report by/)
  }
  assert.match((await browser.get('/reports?by=day')).text, /By day<\/h2>/)
})

test('a hybrid torrent is one torrent with the larger counts, also when it is archived', async (t) => {
  const bytes = goldenTorrent('hybrid-directory.torrent')
  const { infoHash, infoHashV2, files, name } = parseMetainfo(bytes)
  const size = files.reduce((sum, { padding, length }) => sum + (padding ? 0 : length), 0)
  const archive = makeScratch(t, { 'old/h.torrent': bytes })
  const { tracker, root, logIn } = await startAdmin(t, {
    files: FILES,
    args: ['--archive-dir', archive],
  })
  const [one, two] = [infoHash ?? '', infoHashV2?.slice(0, 40) ?? '']
  const announce = (hash: string, port: number) =>
    tracker.get(announceQuery(hash, { peer: String(port), port }))
  for (const [hash, port] of [
    [one, 6881],
    [two, 6881],
    [two, 6882],
  ] as const)
    await announce(hash, port)
  const browser = await logIn('bob')
  const lines = (await browser.get('/reports.csv')).text.split('\r\n')
  const rows = lines.filter((line) => line.startsWith(`${name},`))
  assert.deepEqual(rows, [`${name},0,0,2,0,${size},${one}`])
  const categories = (await browser.get('/reports.csv?by=category')).text.split('\r\n')
  assert.ok(
    categories.some((line) => line.startsWith('(top),')),
    categories.join('\n'),
  )
  assert.ok(categories.includes(`/archive/old,0,0,2,0,1,${size}`), categories.join('\n'))
  const front = (await browser.get('/')).text
  const lengths = [GOOD, EVIL].map((each) => parseMetainfo(each).files[0]?.length ?? 0)
  const all = lengths.reduce((a, b) => a + b, size)
  assert.match(front, /<dt>Torrents<\/dt>\s*<dd>3<\/dd>/)
  assert.ok(front.includes(`<dd>${formatBytes(all)}</dd>`), front)
  const torrentsIn = (directory: string) =>
    new RegExp(`${directory}</th>\\s*<td[^>]*>(\\d+)</td>`).exec(front)?.[1]
  assert.deepEqual([torrentsIn(`${root}/torrents`), torrentsIn(archive)], ['2', '1'])
})
