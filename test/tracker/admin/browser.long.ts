// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { PASSWORDS, startAdmin, type AdminSetup } from '../../support/admin.js'
import {
  checkPage,
  openTab,
  unlessBrowser,
  type Tab,
  type TabOptions,
} from '../../support/browser.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { announceQuery } from '../../support/track.js'
import { serveLocally } from '../../support/listen.js'

const HASH = 'ab'.repeat(20)
const FILES = {
  'torrents/linux/<b>evil</b>.torrent': torrentOf(
    singleFileInfo({ name: '<img src=x onerror=alert(1)>' }),
  ),
}

async function openAdminTab(t: TestContext, options: TabOptions, setup: AdminSetup = {}) {
  const admin = await startAdmin(t, { files: FILES, ...setup })
  const tab = await openTab(t, options)
  await tab.open(`${admin.pages}/`)
  return { admin, tab }
}

async function logIn({ page }: Tab, name = 'alice'): Promise<void> {
  await page.locator('[name=name]').fill(name)
  await page.locator('[name=password]').fill(PASSWORDS[name] ?? '')
  await page.locator('[name=password]').press('Enter')
  await page.locator('.end button').waitFor()
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 800, 1440]) {
    test(`each page can be used by all, ${colorScheme}, ${width} px`, unlessBrowser, async (t) => {
      const { admin, tab } = await openAdminTab(t, { colorScheme, width })
      const look = (what: string) => checkPage(tab, what)
      await look('log-in')
      await logIn(tab)
      await look('front')
      const browser = await admin.logIn()
      const ban = { act: 'ban', kind: 'torrents', torrents: HASH, reason: '<b>x</b>' }
      await browser.send('/bans', ban)
      await browser.send('/users', { act: 'add', name: 'carol', role: 'uploader' })
      for (const path of ['bans', 'log', 'users']) {
        await tab.open(`${admin.pages}/${path}`)
        await look(path)
      }
    })
  }
}

for (const javaScript of [true, false]) {
  const how = javaScript ? 'with' : 'without'
  test(`people log in, ban, lift the ban and log out, ${how} scripts`, unlessBrowser, async (t) => {
    const { admin, tab } = await openAdminTab(t, { javaScript }, { open: true })
    const { page } = tab
    await logIn(tab)
    await page.getByRole('link', { name: 'Moderation' }).click()
    await page.locator('#torrents').fill('no hash')
    await page.locator('#torrents').press('Enter')
    assert.match((await page.locator('.error').textContent()) ?? '', /not an info hash/)
    await page.locator('#torrents').fill(HASH)
    await page.locator('#reason-torrents').fill('spam')
    await page.getByRole('button', { name: 'Ban' }).nth(1).click()
    await page.locator('tbody tr').first().waitFor()
    assert.match(await (await admin.tracker.get(announceQuery(HASH))).text(), /banned/)
    await page.locator('[role=status] button[name=lift]').click()
    await page.locator('tbody').waitFor({ state: 'hidden' })
    assert.doesNotMatch(await (await admin.tracker.get(announceQuery(HASH))).text(), /banned/)
    await page.getByRole('link', { name: 'Log', exact: true }).click()
    assert.match(
      await page.locator('tbody').innerText(),
      /lifted the ban of[^]*banned[^]*logged in/,
    )
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.locator('[name=password]').waitFor()
    await tab.open(`${admin.pages}/bans`)
    assert.match(page.url(), /\/login\?to=bans$/)
  })
}

test('the keyboard alone logs in and reaches the pages', unlessBrowser, async (t) => {
  const { tab } = await openAdminTab(t, {})
  const { keyboard } = tab.page
  const type = async (text: string) => {
    for (const key of text) await keyboard.press(key === ' ' ? 'Space' : key)
  }
  await type('alice')
  await keyboard.press('Tab')
  await type(PASSWORDS['alice']!)
  await keyboard.press('Enter')
  await tab.page.locator('.end button').waitFor()
  assert.match(await tab.page.title(), /^Tracker/)
})

test('a form of another site changes nothing, even with a session', unlessBrowser, async (t) => {
  const { admin, tab } = await openAdminTab(t, {}, { open: true })
  await logIn(tab)
  const port = await serveLocally(t, (_, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(`<form method="post" action="${admin.pages}/bans"><input name="act" value="ban">
      <input name="kind" value="torrents"><input name="torrents" value="${HASH}"></form>
      <script>document.forms[0].submit()</script>`)
  })
  await tab.open(`http://127.0.0.1:${port}/`)
  await tab.page.waitForURL(/\/bans$/)
  assert.match(await tab.page.content(), /came from another site/)
  await tab.open(`http://localhost:${port}/`)
  await tab.page.waitForURL(/\/bans$/)
  assert.equal(readFileSync(join(admin.root, 'state/banned-torrents'), 'utf8'), '')
})
