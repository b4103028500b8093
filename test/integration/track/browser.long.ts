// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { announceQuery, startTrack } from '../../support/track.js'
import { CUT, pagesOf } from './accessibility.js'

test('on a narrow screen a torrent has its size, date and health', unlessBrowser, async (t) => {
  const [page = ''] = await pagesOf(t)
  const tab = await openTab(t, { width: 360 })
  await tab.open(new URL('catalogue/?q=debian', page).href)
  assert.match(await tab.page.locator('tbody th small').innerText(), /^linux · 5 B · \S/)
  assert.equal(await tab.page.locator('tbody .health').innerText(), 'nobody')
  assert.equal(await tab.page.locator('tbody .get a').isVisible(), true)
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
