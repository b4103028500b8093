import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { makeScratch } from '../../support/scratch.js'
import { startTrack } from '../../support/track.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'

const EVIL = `<img src=x onerror=alert(1)>"'\u202e`

/** Finds elements wider than their place, and info hashes that break over two lines. */
export const CUT = `[
  ...[...document.querySelectorAll('html, .scroll')].filter((e) => e.scrollWidth > e.clientWidth),
  ...[...document.querySelectorAll('code')].filter((e) => e.getClientRects().length > 1),
].map((e) => e.outerHTML.slice(0, 100))`

/** A tracker of a torrent with a hostile name and one with a plain name; the addresses of its pages. */
export async function pagesOf(t: TestContext) {
  const [evil, plain] = [EVIL, 'debian-13.iso'].map((name) => torrentOf(singleFileInfo({ name })))
  const directory = makeScratch(t, { 'evil.torrent': evil!, 'plain.torrent': plain! })
  const { address } = await startTrack(t, { args: ['--allowed-dir', directory] })
  const infoHash = parseMetainfo(evil!).infoHash ?? ''
  return [`${address}/`, `${address}/?q=img&sort=size`, `${address}/torrent?info_hash=${infoHash}`]
}

interface Looks {
  readonly colorScheme: 'light' | 'dark'
  readonly widths: readonly number[]
}

/** Whether people can use the tracker's pages, at these widths. */
export function testPages({ colorScheme, widths }: Looks): void {
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
