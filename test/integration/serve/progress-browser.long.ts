// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { serveHeld } from './accessibility.js'

for (const javaScript of [true, false]) {
  const how = javaScript ? 'with its script' : 'without any script'
  test(`the page on progress ends in the download, ${how}`, unlessBrowser, async (t) => {
    const { held, url } = await serveHeld(t, 'image.iso')
    const { page, open, faults } = await openTab(t, { javaScript })
    assert.equal(await open(url), 503)
    held.reach(0.25)
    await page.locator('text=25 %').waitFor()
    held.reach(0.75)
    await page.locator('text=75 %').waitFor()
    const downloading = page.waitForEvent('download')
    held.release()
    const download = await downloading
    const torrent = parseMetainfo(readFileSync(await download.path()))
    assert.equal(torrent.name, 'image.iso')
    assert.equal(download.suggestedFilename(), `${torrent.infoHash ?? ''}.torrent`)
    await page.locator('text=Open the torrent').waitFor()
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('503')),
      [],
    )
  })
}
