import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { SINGLE } from '../../mirror/hostile/siege.js'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { holdHashing } from '../../support/held-hashing.js'
import { serveMirror } from '../../support/serve.js'

const EVIL = `<img src=x onerror=alert(1)>"'\u202e.iso`

/** The torrent of a file that is being hashed until the test says otherwise. */
async function serveHeld(t: TestContext, name: string) {
  const held = holdHashing(t)
  const { address } = await serveMirror(t, { files: { [`yum/${name}`]: 'x'.repeat(1000) } })
  return { held, url: `${address}${SINGLE}/yum/${encodeURIComponent(name)}` }
}

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
    await page.locator('text=Download the torrent').waitFor()
    assert.deepEqual(
      faults.filter((fault) => !fault.includes('503')),
      [],
    )
  })
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`everybody can follow the progress, ${colorScheme}`, unlessBrowser, async (t) => {
    const { held, url } = await serveHeld(t, EVIL)
    const tab = await openTab(t, { colorScheme, width: 360 })
    await tab.open(url)
    assert.deepEqual(await tab.violations(), [])
    held.reach(0.5)
    await tab.page.locator('text=50 %').waitFor()
    assert.deepEqual(await tab.violations(), [])
    held.release()
    await tab.page.waitForEvent('download')
    await tab.page.locator('text=Download the torrent').waitFor()
    assert.deepEqual(await tab.violations(), [])
    assert.deepEqual(
      tab.faults.filter((fault) => !fault.includes('503')),
      [],
    )
  })
}
