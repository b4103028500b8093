// The pages of which pictures are taken: how a browser comes to each.

/** The pictures of the guides by their pages. */
export const GUIDES = {
  listing: 'chosen',
  file: 'file',
  catalogue: 'category',
  admin: 'admin-chosen',
  'own-style': 'own-look',
  'gui-create': 'gui-plan',
  'gui-made': 'gui-made',
  'gui-check': 'gui-damaged',
}

/** A window holds a connection, so its pages never come to rest. */
const EARLY = { waitUntil: 'domcontentloaded' }

const open = (site, path) => (page, sites) => page.goto(new URL(path, `${sites[site]}/`).href)
/** The page of a file of the mirror, once its checksum is there. */
const openRead = (path) => async (page, sites) => {
  await open('mirror', path)(page, sites)
  await page.locator('.two').waitFor()
}
const asAlice =
  (path) =>
  async (page, { admin }) => {
    await page.goto(`${admin}/login`)
    await page.fill('[name=name]', 'alice')
    await page.fill('[name=password]', 'correct horse battery')
    await page.press('[name=password]', 'Enter')
    await page.waitForURL(`${admin}/`)
    await page.goto(`${admin}/${path}`)
  }
/** Fills in the form of a new torrent. */
async function makeInWindow(page, { gui, data }) {
  const content = encodeURIComponent(`${data}/Dawn chorus, Camargue`)
  await page.goto(new URL(`make?path=${content}`, gui).href, EARLY)
  await page.fill('[name=comment]', 'Recorded in May.')
  await page.locator('[data-plan] section').waitFor()
}
const inWindow =
  (path) =>
  (page, { gui }) =>
    page.goto(new URL(path, gui).href, EARLY)

export const PAGES = {
  index: open('mirror', ''),
  listing: open('mirror', 'iso/'),
  chosen: async (page, sites) => {
    await PAGES.listing(page, sites)
    for (const box of [0, 1, 2]) await page.locator('tbody [type=checkbox]').nth(box).check()
  },
  many: open('mirror', 'many/'),
  file: openRead('-/view/iso/debian-13.2.0-amd64-netinst.iso.details?sha256'),
  'file-differs': openRead('-/view/iso/archlinux-2026.11.01-x86_64.iso.details?sha256'),
  'file-plain': open('plain', '-/view/iso/debian-13.2.0-amd64-netinst.iso.details'),
  search: open('mirror', '-/search?q=debian'),
  'search-none': open('mirror', '-/search?q=nowhere'),
  missing: open('mirror', 'isos/debian-13.2.0-amd64-netinst.iso'),
  status: open('mirror', '-/status'),
  front: open('tracker', 'catalogue/'),
  category: open('tracker', 'catalogue/linux/'),
  unused: open('unused', ''),
  charts: open('tracker', 'catalogue/#charts'),
  item: async (page, sites) => {
    await PAGES.front(page, sites)
    await page.getByRole('link', { name: 'debian-13.2.0-amd64-netinst.iso' }).first().click()
  },
  'item-alone': async (page, sites) => {
    await PAGES.front(page, sites)
    await page
      .getByRole('link', { name: /^Émile/ })
      .first()
      .click()
  },
  'own-look': open('styled', 'catalogue/linux/'),
  'log-in': open('admin', 'login'),
  'admin-front': asAlice(''),
  'admin-list': asAlice('torrents'),
  'admin-chosen': async (page, sites) => {
    await asAlice('torrents')(page, sites)
    for (const box of [1, 2]) await page.locator('tbody [type=checkbox]').nth(box).check()
  },
  'admin-item': asAlice(
    'edit?torrent=0%2Flinux%2Fdebian%2Fdebian-13.2.0-amd64-netinst.iso.torrent',
  ),
  'admin-add': asAlice('upload'),
  'admin-bans': asAlice('bans'),
  'admin-people': asAlice('users'),
  'admin-log': asAlice('log'),
  gui: inWindow(''),
  'gui-create': inWindow('make'),
  'gui-plan': makeInWindow,
  'gui-made': async (page, sites) => {
    await makeInWindow(page, sites)
    await page.locator('[data-more] summary').click()
    await page.locator('[name=replace]').check()
    await page.locator('button.main').click()
    await page.locator('.two').waitFor()
  },
  'gui-seeding': async (page, sites) => {
    await PAGES['gui-made'](page, sites)
    await page.locator('[form=seed]').click()
    await page.getByText(/ sent/).waitFor()
  },
  'gui-seeds': async (page, sites) => {
    await PAGES['gui-seeding'](page, sites)
    await inWindow('')(page, sites)
    await page.locator('summary').click()
  },
  'gui-damaged': async (page, { gui, torrents, data }) => {
    await page.goto(new URL('check', gui).href, EARLY)
    await page.fill('[name=torrent]', `${torrents}/books/Émile Zola – Les Rougon-Macquart.torrent`)
    await page.fill('[name=data]', `${data}/damaged/Émile Zola – Les Rougon-Macquart`)
    await page.locator('button.main').click()
    await page.locator('.map').first().waitFor()
  },
  'gui-look': async (page, { gui, torrents }) => {
    const torrent = `${torrents}/books/Émile Zola – Les Rougon-Macquart.torrent`
    await page.goto(new URL(`look?torrent=${encodeURIComponent(torrent)}`, gui).href, EARLY)
  },
}
