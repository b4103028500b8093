// In a process of its own: the first file of a process that uses a browser closes it

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { PASSWORDS, startForms } from '../../../support/admin.js'
import { checkPage, openTab, unlessBrowser, type TabOptions } from '../../../support/browser.js'
import { filesBelow, torrentNamed } from '../../../support/collection.js'
import { makeScratch, plantFiles } from '../../../support/scratch.js'

const TORRENTS = {
  'torrents/readme.txt': '',
  'torrents/linux/debian/debian-13.1-amd64.torrent': torrentNamed('debian-13.1-amd64', 'Stable'),
  'torrents/linux/debian/debian-13.1-arm64.torrent': torrentNamed('debian-13.1-arm64'),
  'torrents/films/<b>odd</b>.torrent': torrentNamed('<b>odd</b>', '<script>alert(1)</script>'),
  'torrents/old.torrent': '<html>',
}

/** A tab of somebody who is logged in. */
async function openLoggedIn(t: TestContext, pages: string, options: TabOptions = {}) {
  const tab = await openTab(t, options)
  await tab.open(`${pages}/login`)
  await tab.page.locator('[name=name]').fill('alice')
  await tab.page.locator('[name=password]').fill(PASSWORDS['alice']!)
  await tab.page.locator('main button').click()
  await tab.page.waitForURL(/\/$/)
  return tab
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 800, 1440]) {
    test(`each page can be used by all, ${colorScheme}, ${width} px`, unlessBrowser, async (t) => {
      const data = makeScratch(t, { 'film/a.bin': 'a' })
      const { pages, logIn } = await startForms(t, TORRENTS, ['--make-from', data])
      const alice = await logIn()
      const odd = torrentNamed('name <i>', 'comment')
      await alice.upload({ 'a b.torrent': odd, 'c.torrent': torrentNamed('c') })
      await alice.post('/torrents', {
        act: 'delete',
        torrent: '0/linux/debian/debian-13.1-arm64.torrent',
      })
      const tab = await openLoggedIn(t, pages, { colorScheme, width })
      const { page } = tab
      const look = async (what: string) => {
        await checkPage(tab, what)
        const path = process.env['BTKIT_PICTURES']
        const name = what.replaceAll(/\W+/g, '-')
        if (path)
          await page.screenshot({
            path: `${path}/${name}-${colorScheme}-${width}.png`,
            fullPage: true,
          })
      }
      const debian = `torrents?in=${encodeURIComponent('0/linux/debian')}`
      for (const path of [
        'torrents',
        debian,
        'torrents?in=0/films',
        'upload',
        'make',
        'categories',
        'bin',
        'log',
        'account',
      ]) {
        await tab.open(`${pages}/${path}`)
        await look(path)
      }
      plantFiles(data, { 'up/d.torrent': torrentNamed('d') })
      await tab.open(`${pages}/upload`)
      await page.locator('[type=file]').setInputFiles([join(data, 'up/d.torrent')])
      await page.locator('[name=name-0]').waitFor()
      await look('upload table')
      const rows = `new Set([...document.querySelectorAll('.bar nav a')].map((a) => a.offsetTop)).size`
      assert.ok(Number(await page.evaluate(rows)) <= (width === 320 ? 3 : 1), 'rows of the menu')
      await tab.open(`${pages}/${debian}`)
      await page.locator('[name=torrent]').first().click()
      await page.getByRole('button', { name: 'Edit' }).click()
      await page.locator('[name=comment]').fill('New')
      await look('edit')
      await page.getByRole('button', { name: 'Review changes' }).click()
      await page.locator('.diff').first().waitFor()
      await look('preview')
      await tab.open(`${pages}/make`)
      await page.locator('[value=browse-path]').click()
      await page.locator('.picker').first().waitFor()
      await look('picker')
    })
  }
}

test('a phone without scripts shows the whole menu', unlessBrowser, async (t) => {
  const data = makeScratch(t)
  const { pages } = await startForms(t, {}, ['--make-from', data])
  const { page } = await openLoggedIn(t, pages, { javaScript: false, width: 320 })
  const entries = page.locator('.bar nav a')
  assert.equal((await entries.allInnerTexts()).at(-1), 'Public site ↗')
  const hidden = `[...document.querySelectorAll('.bar nav a')].filter((a) => {
    const [own, menu] = [a, a.parentElement].map((each) => each.getBoundingClientRect())
    return own.right > Math.min(menu.right, innerWidth) || own.left < menu.left
  }).map((a) => a.textContent)`
  assert.deepEqual(await page.evaluate(hidden), [])
})

for (const javaScript of [true, false]) {
  const how = javaScript ? 'with' : 'without'
  test(`torrents are uploaded, edited, deleted, ${how} scripts`, unlessBrowser, async (t) => {
    const { root, pages } = await startForms(t, { 'torrents/new/readme.txt': '' })
    plantFiles(root, { 'up/a.torrent': torrentNamed('a'), 'up/b.torrent': torrentNamed('b') })
    const tab = await openLoggedIn(t, pages, { javaScript })
    const { page } = tab
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    await tab.open(`${pages}/upload`)
    for (const [name, saved] of [
      ['a', 'first'],
      ['b', ''],
    ] as const) {
      await page.locator('[type=file]').setInputFiles([join(root, 'up', `${name}.torrent`)])
      // With scripts, each file has a row of its own
      await page.locator(javaScript ? '[name=name-0]' : '[name=name]').fill(saved)
      await page.locator('[name=to]').selectOption('0/new')
      await button('Add').click()
      await page.locator('.note').first().waitFor()
    }
    const kept = () =>
      filesBelow(join(root, 'torrents/new')).filter((name) => /torrent$/.test(name))
    assert.deepEqual(kept(), ['b.torrent', 'first.torrent'])
    await tab.open(`${pages}/torrents?in=0/new&sort=name`)
    if (javaScript) await page.getByRole('checkbox', { name: 'All' }).click()
    else for (const at of [0, 1]) await page.locator('[name=torrent]').nth(at).click()
    await button('Edit').click()
    await page.locator('[name=comment]').fill('both')
    await button('Review changes').click()
    await button('Save').click()
    const { comment } = parseMetainfo(readFileSync(join(root, 'torrents/new/b.torrent')))
    assert.equal(comment, 'both')
    await page.locator('[name=torrent]').first().click()
    await button('Delete').click()
    await page.getByRole('link', { name: 'Undo this in the bin' }).click()
    assert.deepEqual(kept(), ['first.torrent'])
    await page.locator('[name=id]').first().click()
    await button('Restore').click()
    await page.locator('.note').first().waitFor()
    assert.deepEqual(kept(), ['b.torrent', 'first.torrent'])
    assert.deepEqual(tab.faults, [])
  })
}

test(
  'torrents are dropped on the page; too many are noticed before they are sent',
  unlessBrowser,
  async (t) => {
    const { pages } = await startForms(t)
    const tab = await openLoggedIn(t, pages)
    await tab.open(`${pages}/upload`)
    const drop = (count: number) =>
      tab.page.evaluate(`{
      const data = new DataTransfer()
      const text = 'd4:infod6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:${'a'.repeat(20)}ee'
      for (let i = 0; i < ${count}; i++) data.items.add(new File([text], 'dropped' + i + '.torrent'))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }))
    }`)
    await drop(501)
    assert.match(await tab.page.locator('.error').innerText(), /501 files; choose at most 500/)
    await drop(2)
    await tab.page.locator('[name=name-1]').waitFor()
    await tab.page.getByRole('button', { name: 'Add', exact: true }).click()
    // The second has the same bytes, but another name
    await tab.page.locator('section[role=alert]').first().waitFor()
    assert.match(await tab.page.locator('.note').innerText(), /1 torrent added\.\s+dropped0/)
    assert.deepEqual(tab.faults, [])
  },
)

test('a torrent is made by clicks', unlessBrowser, async (t) => {
  const data = makeScratch(t, { 'film/a.bin': 'a'.repeat(1e5) })
  const { root, pages } = await startForms(t, {}, ['--make-from', data])
  const tab = await openLoggedIn(t, pages)
  await tab.open(`${pages}/make`)
  await tab.page.locator('[value=browse-path]').click()
  await tab.page.getByRole('button', { name: 'film/', exact: true }).click()
  await tab.page.getByRole('button', { name: 'Choose this folder' }).click()
  await tab.page.getByRole('button', { name: 'Create torrent' }).click()
  await tab.page.getByRole('link', { name: 'Show it in the list' }).click()
  await tab.page.locator('[name=torrent]').first().waitFor()
  assert.deepEqual(filesBelow(join(root, 'torrents')), ['film.torrent'])
  assert.deepEqual(tab.faults, [])
})
