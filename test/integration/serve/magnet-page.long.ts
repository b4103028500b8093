// In a process of its own: it closes its browser at the end
import { test } from 'node:test'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { assertHolds, openWithQbittorrent } from '../../support/clients.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { serveMirror } from '../../support/serve.js'

const FILES = { 'iso/image.iso': pseudoRandom(900_000, 9) }
const skip = unlessBrowser.skip || unlessInstalled('qbittorrent-nox').skip

test(
  'a click on the magnet of a page downloads in qBittorrent, though nobody else is online',
  { skip },
  async (t) => {
    const { address } = await serveMirror(t, {
      files: FILES,
      args: ['--seed', '--seed-port', '0'],
    })
    const { page } = await openTab(t, { at: `${address}/iso/` })
    await page.getByRole('link', { name: /of image\.iso$/ }).click()
    // Its torrent was not made yet
    await page.getByRole('link', { name: 'Magnet', exact: true }).click()
    const link = page.locator('a[href^="magnet:"]').first()
    await link.waitFor()
    // The system hands the link of a click to the client
    await page.evaluate(`addEventListener('click', (event) => {
      event.preventDefault()
      document.title = event.target.closest('a').href
    })`)
    await link.click()
    const torrent = await fetch(`${address}/iso/image.iso.torrent`)
    const bytes = new Uint8Array(await torrent.arrayBuffer())
    const directory = await openWithQbittorrent(t, await page.title(), bytes)
    assertHolds(directory, { 'image.iso': FILES['iso/image.iso'] })
  },
)
