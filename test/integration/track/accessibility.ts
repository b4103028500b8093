import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { makeScratch } from '../../support/scratch.js'
import { startTrack } from '../../support/track.js'
import { goldenTorrent, singleFileInfo, torrentOf } from '../../support/torrents.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'

const EVIL = `<img src=x onerror=alert(1)>"'\u202e`

/** Finds elements wider than their place, and info hashes of a list that break over two lines. */
export const CUT = `[
  ...[...document.querySelectorAll('html, .list')].filter((e) => e.scrollWidth > e.clientWidth),
  ...[...document.querySelectorAll('table code')].filter((e) => e.getClientRects().length > 1),
].map((e) => e.outerHTML.slice(0, 100))`

/** A tracker of torrents with hostile and plain names; the addresses of its pages. */
export async function pagesOf(t: TestContext) {
  const [evil, plain] = [EVIL, 'debian-13.iso'].map((name) => torrentOf(singleFileInfo({ name })))
  const hybrid = goldenTorrent('hybrid-directory.torrent')
  const files = { 'evil.torrent': evil!, 'linux/plain.torrent': plain!, 'a/h.torrent': hybrid }
  const directory = makeScratch(t, files)
  const { address } = await startTrack(t, { args: ['--allowed-dir', directory] })
  const torrent = (bytes: Uint8Array) => `torrent?info_hash=${parseMetainfo(bytes).infoHash ?? ''}`
  const first = ['', 'catalogue/', torrent(hybrid)]
  const lists = ['?q=img&sort=size', 'catalogue/linux/', 'catalogue/?q=iso']
  const paths = [...first, ...lists, torrent(evil!)]
  return paths.map((path) => `${address}/${path}`)
}

/** Whether people can use the tracker's pages, at these widths. */
export function testPages(colorScheme: 'light' | 'dark', widths: readonly number[]): void {
  test(
    `everybody can use the tracker's pages, ${colorScheme}, ${widths.join()}`,
    unlessBrowser,
    async (t) => {
      for (const page of await pagesOf(t)) {
        for (const width of widths) {
          const tab = await openTab(t, { colorScheme, width })
          assert.equal(await tab.open(page), 200)
          assert.deepEqual(await tab.violations(), [], page)
          assert.deepEqual(tab.faults, [], page)
          assert.deepEqual(await tab.page.evaluate(CUT), [], `${page} ${width}`)
        }
      }
    },
  )
}
