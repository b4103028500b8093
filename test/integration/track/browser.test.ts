import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, startTrack } from '../../support/track.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'

const EVIL = `<img src=x onerror=alert(1)>"'\u202e`

/** What in a page is wider than its place, and info hashes that break over two lines. */
const CUT = `[
  ...[...document.querySelectorAll('html, .scroll')].filter((e) => e.scrollWidth > e.clientWidth),
  ...[...document.querySelectorAll('code')].filter((e) => e.getClientRects().length > 1),
].map((e) => e.outerHTML.slice(0, 100))`

/** A tracker of a torrent with a hostile name and one with a plain name; the addresses of its pages. */
async function pagesOf(t: TestContext) {
  const [evil, plain] = [EVIL, 'debian-13.iso'].map((name) => torrentOf(singleFileInfo({ name })))
  const directory = makeScratch(t, { 'evil.torrent': evil!, 'plain.torrent': plain! })
  const { address } = await startTrack(t, { args: ['--allowed-dir', directory] })
  const infoHash = parseMetainfo(evil!).infoHash ?? ''
  return [`${address}/`, `${address}/?q=img&sort=size`, `${address}/torrent?info_hash=${infoHash}`]
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`everybody can use the tracker's pages, ${colorScheme}`, unlessBrowser, async (t) => {
    for (const page of await pagesOf(t)) {
      for (const width of [360, 800, 1000, 1440]) {
        const tab = await openTab(t, { colorScheme, width })
        assert.equal(await tab.open(page), 200)
        assert.deepEqual(await tab.violations(), [], page)
        assert.deepEqual(tab.faults, [], page)
        assert.deepEqual(await tab.page.evaluate(CUT), [], `${page} ${width}`)
      }
    }
  })
}

test('on a narrow screen each number of a torrent has its label', unlessBrowser, async (t) => {
  const [page = ''] = await pagesOf(t)
  const tab = await openTab(t, { width: 360 })
  await tab.open(`${page}?q=debian`)
  const labels = await tab.page.evaluate(`[...document.querySelectorAll('tbody td.n')].map((cell) =>
    getComputedStyle(cell, '::before').content.replaceAll('"', '').trim())`)
  assert.deepEqual(labels, ['size', 'complete', 'downloading', 'downloaded', 'transferred'])
  assert.equal(await tab.page.locator('dl').isVisible(), false)
  assert.equal(await tab.page.locator('tfoot .name').innerText(), '1 torrent')
})

test('an open tracker shows info hashes on any screen', unlessBrowser, async (t) => {
  const { address, ask } = await startTrack(t)
  await ask(announceQuery('ab'.repeat(20)))
  for (const width of [360, 800, 1000, 1440]) {
    const tab = await openTab(t, { width })
    await tab.open(`${address}/`)
    assert.equal(await tab.page.locator('tbody code').innerText(), 'ab'.repeat(20))
    assert.deepEqual(await tab.page.evaluate(CUT), [], `${width}`)
  }
})
