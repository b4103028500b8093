import type { TestContext } from 'node:test'
import { PASSWORDS, startAdmin } from '../../support/admin.js'
import { openTab, type Tab, type TabOptions } from '../../support/browser.js'
import { torrentNamed } from '../../support/collection.js'
import { openTestGui } from '../../support/gui.js'
import { serveMirror } from '../../support/serve.js'

const LONG = 'a-very-long-name-without-any-place-to-break-it'.repeat(4)

const FILES = {
  SHA256SUMS: 'x',
  'README.md': '# Title\n\n- [ ] to do\n- [x] done\n\nText.\n',
  'debian-13.10-amd64-DVD-1.iso': 'x'.repeat(5000),
  'images/boot.img': 'x',
  [LONG]: 'x',
  ...Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`many/${at}.iso`, 'x'])),
}

const TORRENTS = {
  'torrents/linux/debian/debian-13.1-amd64.torrent': torrentNamed('debian-13.1-amd64', 'Stable'),
  'torrents/books/Philosophy, volume 1.torrent': torrentNamed('Philosophy, volume 1'),
  [`torrents/${LONG}.torrent`]: torrentNamed(LONG),
}

/** Pages of all four programs: a mirror, a tracker, its administration, and a window. */
export async function startAll(t: TestContext) {
  const mirror = await serveMirror(t, { files: FILES, args: ['--warm', '**'], ready: 25 })
  const admin = await startAdmin(t, { files: TORRENTS })
  const gui = await openTestGui(t, { 'tree/a': 'a', 'tree/b c': 'b' })
  const [file, tracker] = [
    encodeURIComponent('debian-13.10-amd64-DVD-1.iso'),
    admin.tracker.address,
  ]
  const pages = {
    listing: `${mirror.address}/`,
    folder: `${mirror.address}/images/`,
    many: `${mirror.address}/many/`,
    file: `${mirror.address}/-/view/${file}.details`,
    search: `${mirror.address}/-/search?q=i`,
    status: `${mirror.address}/-/status`,
    catalogue: `${tracker}/catalogue/?sort=name`,
    newest: `${tracker}/catalogue/`,
    category: `${tracker}/catalogue/linux/debian/`,
    login: `${admin.pages}/login`,
    managed: `${admin.pages}/torrents`,
    administration: `${admin.pages}/`,
    window: gui.pages,
    make: `${gui.pages}make`,
    complete: `${gui.pages}complete`,
  }
  /** A tab of somebody who is logged in to the administration. */
  const open = async (options: TabOptions): Promise<Tab> => {
    const tab = await openTab(t, { ...options, at: pages.login })
    await tab.page.locator('[name=name]').fill('alice')
    await tab.page.locator('[name=password]').fill(PASSWORDS['alice']!)
    await tab.page.locator('main button').click()
    await tab.page.waitForURL(/\/$/)
    return tab
  }
  return { pages, open, gui }
}
