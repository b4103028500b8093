import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SINGLE } from '../../mirror/hostile/siege.js'
import { checkPage, openTab, unlessBrowser } from '../../support/browser.js'
import { holdHashing } from '../../support/held-hashing.js'
import { serveMirror } from '../../support/serve.js'

type ColorScheme = 'light' | 'dark'

export const LISTED = {
  'pub/README.md': '# <script>alert(1)</script>\n\n\tlong\n',
  'pub/debian-13.10.iso': 'x'.repeat(5000),
  'pub/debian-13.9.iso': 'x'.repeat(70),
  'pub/empty': '',
  'pub/images/boot.img': 'x',
  [`pub/${'a-very-long-name-without-any-place-to-break-it'.repeat(4)}`]: 'x',
  'pub/<img src=x onerror=alert(1)>': 'x',
  'pub/"onmouseover="alert(1)': 'x',
  'pub/new\nline': 'x',
  'pub/\u202etxt.exe': 'x',
}

/** Whether people can use the page of a directory, at these widths. */
export function testListing(colorScheme: ColorScheme, widths: readonly number[]): void {
  test(
    `everybody can use a listing, ${colorScheme}, ${widths.join()}`,
    unlessBrowser,
    async (t) => {
      const { address } = await serveMirror(t, { files: LISTED })
      // The status page needs a torrent to show
      assert.equal((await fetch(`${address}/pub/debian-13.9.iso.torrent`)).status, 200)
      for (const width of widths) {
        const tab = await openTab(t, { colorScheme, width })
        for (const path of [
          '/pub/',
          '/',
          '/pub/?filter=nowhere',
          '/pub/?sort=size&order=desc',
          '/-/status',
          '/-/search?q=img',
          '/none',
        ]) {
          assert.equal(await tab.open(address + path), path === '/none' ? 404 : 200)
          // Browsers log each error status
          if (path === '/none') assert.deepEqual(await tab.violations(), [], `${path} ${width}`)
          else await checkPage(tab, `${path} ${width}`)
        }
        await tab.open(`${address}/pub/`)
        await tab.page.evaluate(
          'document.querySelectorAll("details").forEach((d) => (d.open = true))',
        )
        assert.deepEqual(await tab.violations(), [], `open, ${width}`)
        assert.equal(await tab.page.evaluate('document.documentElement.scrollWidth'), width)
      }
    },
  )
}

const EVIL = `<img src=x onerror=alert(1)>"'\u202e.iso`

/** The torrent of a file that is being hashed until the test says otherwise. */
export async function serveHeld(t: TestContext, name: string) {
  const held = holdHashing(t)
  const { address } = await serveMirror(t, { files: { [`yum/${name}`]: 'x'.repeat(1000) } })
  return { held, url: `${address}${SINGLE}/yum/${encodeURIComponent(name)}` }
}

/** Whether people can follow how far a torrent is. */
export function testProgress(colorScheme: ColorScheme): void {
  test(`everybody can follow the progress, ${colorScheme}`, unlessBrowser, async (t) => {
    const { held, url } = await serveHeld(t, EVIL)
    const tab = await openTab(t, { colorScheme, width: 320 })
    await tab.open(url)
    assert.deepEqual(await tab.violations(), [])
    held.reach(0.5)
    await tab.page.locator('text=50 %').waitFor()
    assert.deepEqual(await tab.violations(), [])
    held.release()
    await tab.page.waitForEvent('download')
    await tab.page.locator('text=Open the torrent').waitFor()
    assert.deepEqual(await tab.violations(), [])
    assert.deepEqual(
      tab.faults.filter((fault) => !fault.includes('503')),
      [],
    )
  })
}

/** Whether people can use the page of the status. */
export function testStatus(colorScheme: ColorScheme): void {
  test(`everybody can use the page of the status, ${colorScheme}`, unlessBrowser, async (t) => {
    const args = ['--tracker', 'http://t.example/announce', '--tracker', 'wss://t.example/x']
    const { address } = await serveMirror(t, { files: { 'yum/a.iso': 'a' }, args })
    for (const [width, path] of [
      [320, '/-/status'],
      [1440, '/-/status?live'],
    ] as const) {
      const tab = await openTab(t, { colorScheme, width })
      assert.equal(await tab.open(address + path), 200)
      assert.deepEqual(await tab.violations(), [])
      await tab.page.locator('summary').click()
      await tab.page.locator('code:text("wss:")').waitFor()
      assert.deepEqual(await tab.violations(), [])
      assert.deepEqual(tab.faults, [])
    }
  })
}
