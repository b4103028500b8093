// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { longTest } from '../../support/long.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { LISTED } from './accessibility.js'

/** More files than a screen has rows. */
const MORE = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`pub/more-${i}`, 'x']))

async function openPub(t: TestContext, options: Parameters<typeof openTab>[1] = {}) {
  const { address } = await serveMirror(t, { files: { ...LISTED, ...MORE } })
  const tab = await openTab(t, options)
  assert.equal(await tab.open(`${address}/pub/`), 200)
  return { ...tab, address }
}

test('rows are hidden while a name is typed, and it is said how many', unlessBrowser, async (t) => {
  const { page, faults } = await openPub(t)
  await page.locator('#filter').pressSequentially('DEBIAN')
  await page.getByRole('status').waitFor()
  const names = await page.locator('tbody tr:visible th').allInnerTexts()
  assert.deepEqual(names, ['debian-13.9.iso', 'debian-13.10.iso'])
  assert.equal(await page.getByRole('status').innerText(), '2 of 30 shown here')
  await page.locator('#filter').fill('')
  assert.equal(await page.locator('tbody tr:visible').count(), 30)
  await page.locator('#filter').fill('DEBIAN')
  await page.locator('#filter').press('Enter')
  await page.waitForURL(/\/pub\/\?filter=DEBIAN$/)
  assert.equal(await page.locator('tbody tr').count(), 2)
  assert.deepEqual(faults, [])
})

test(
  "a browser applies the site's own style, and runs nothing of its header",
  unlessBrowser,
  async (t) => {
    const directory = makeScratch(t, {
      'header.html': '<p class="ours"><a href="/pub/">Ours</a><script>alert(1)</script>',
      'style.css': '.ours a {\r\n  color: rgb(1, 2, 3) }\r\n:root { --accent: #123456 }',
    })
    const { address } = await serveMirror(t, {
      files: LISTED,
      args: [
        ...['--site-header', join(directory, 'header.html')],
        ...['--site-style', join(directory, 'style.css')],
      ],
    })
    const tab = await openTab(t)
    await tab.open(`${address}/`)
    const styleOf = (element: string, property: string) =>
      tab.page.evaluate(`getComputedStyle(document.querySelector('${element}')).${property}`)
    assert.equal(await styleOf('.ours a', 'color'), 'rgb(1, 2, 3)')
    assert.equal(await styleOf('.bar [aria-current]', 'borderBottomColor'), 'rgb(18, 52, 86)')
    await tab.page.locator('.ours a').click()
    await tab.page.waitForURL(`${address}/pub/`)
    assert.equal(await tab.page.locator('.ours a').innerText(), 'Ours')
    assert.deepEqual(tab.faults, [])
  },
)

/** All that Markdown can write: CommonMark, and tables and strikethrough as on GitHub. */
const MARKDOWN = `Title
=====
# One #chosen
###### Six

Para *em* **strong** \`code\` ~~gone~~ [link](a.iso "title") <https://a.example> https://b.example ![picture](a.png)
hard\\
break &amp; \\* [reference][r]

> quote
> - [ ] task

1. one
   - two

        code in a list

| name | size |
|:-----|-----:|
| <input id="chosen"> | 1 |
| [x](magnet:?xt=urn:btih:x) | <data value="x">2</data> |
| \`th a\` | |

\`\`\`js
fence
\`\`\`

    indented

***

<div class="listing"><table><tbody><tr><td class="pick get">x</td></tr></tbody></table></div>
<time>now</time> <!-- comment -->

[r]: https://c.example
`

test(
  'a README of any form leaves the rows and their script as they are',
  unlessBrowser,
  async (t) => {
    const files = { 'pub/a.iso': 'a', 'pub/b.iso': 'bb', 'pub/README.md': MARKDOWN, ...MORE }
    const { address } = await serveMirror(t, { files })
    const { page, faults } = await openTab(t, { at: `${address}/pub/` })
    assert.equal(await page.locator('.readme tbody tr').count(), 3)
    await page.locator('#filter').pressSequentially('b.iso')
    await page.getByRole('status').waitFor()
    assert.match(await page.getByRole('status').innerText(), /^1 of 23 shown/)
    assert.equal(await page.locator('.readme tbody tr:visible').count(), 3)
    await page.locator('input[value="b.iso"]').click()
    assert.equal(await page.locator('.chosen #chosen').innerText(), '1 file chosen, 2 B')
    assert.deepEqual(faults, [])
  },
)

longTest(
  'without scripts a search leads back to its folder, and columns are buttons',
  unlessBrowser,
  async (t) => {
    const { page, address } = await openPub(t, { javaScript: false })
    await page.locator('#search').fill('debian')
    await page.locator('#search').press('Enter')
    await page.getByRole('link', { name: 'Only names in /pub/' }).click()
    await page.waitForURL(`${address}/pub/?filter=debian`)
    await page.getByRole('button', { name: 'Size' }).click()
    await page.waitForURL(`${address}/pub/?filter=debian&order=desc&sort=size`)
    const names = await page.locator('tbody tr th').allInnerTexts()
    assert.deepEqual(names, ['debian-13.10.iso', 'debian-13.9.iso'])
  },
)

longTest('with the keyboard alone one comes past the way to a row', unlessBrowser, async (t) => {
  const { page, address } = await openPub(t)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content')
  await page.keyboard.press('Enter')
  await page.waitForURL(`${address}/pub/#content`)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Index')
  await page.getByRole('link', { name: 'images/', exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(`${address}/pub/images/`)
})

longTest('hostile names are text', unlessBrowser, async (t) => {
  const { page, faults } = await openPub(t)
  const names = await page.locator('tbody th').allInnerTexts()
  for (const name of ['<img src=x onerror=alert(1)>', '"onmouseover="alert(1)']) {
    assert(names.includes(name), names.join(' '))
  }
  assert(names.includes('new\\nline') && names.includes('\\u{202e}txt.exe'), names.join(' '))
  assert.equal(await page.locator('img').count(), 0)
  assert.match((await page.locator('.readme h3').textContent()) ?? '', /^<script>alert\(1\)/)
  assert.deepEqual(faults, [])
})

longTest('from an error and from the status a link leads back', unlessBrowser, async (t) => {
  const { page, address } = await openPub(t)
  await page.goto(`${address}/pub/none`)
  await page.getByRole('link', { name: 'Index / pub' }).click()
  await page.waitForURL(`${address}/pub/`)
  await page.getByRole('link', { name: 'Status', exact: true }).click()
  await page.getByRole('link', { name: 'Files', exact: true }).click()
  await page.waitForURL(`${address}/`)
})

test(
  'the key / leads to the search of the mirror, and chosen files to one torrent',
  unlessBrowser,
  async (t) => {
    const { page, faults, address } = await openPub(t)
    await page.getByRole('link', { name: 'images/', exact: true }).focus()
    await page.keyboard.press('/')
    await page.locator('#search').pressSequentially('debian 13.9')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${address}/-/search?in=%2Fpub%2F&q=debian+13.9`)
    const found = await page.locator('tbody th a').first().innerText()
    assert.equal(found, 'debian-13.9.iso')
    await page.goto(`${address}/pub/`)
    assert.equal(await page.locator('.chosen').isVisible(), false)
    for (const name of ['debian-13.9.iso', 'debian-13.10.iso'])
      await page.locator(`input[value="${name}"]`).click()
    assert.match(await page.locator('#chosen').innerText(), /^2 files chosen, 5\.0 KiB$/)
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download .torrent' }).click()
    assert.equal((await download).suggestedFilename(), 'pub.torrent')
    assert.deepEqual(faults, [])
  },
)

longTest('without scripts files can be chosen, too', unlessBrowser, async (t) => {
  const { page } = await openPub(t, { javaScript: false })
  await page.locator('input[value="debian-13.9.iso"]').click()
  await page.getByRole('button', { name: 'Magnet' }).click()
  await page.waitForURL(/\/pub\/\?magnet=&f=debian-13\.9\.iso$/)
  assert.match(await page.locator('.acts a').first().innerText(), /Open in torrent app/)
})

/** Holds up the scripts of a page until it calls `go`. */
const HELD = `{
  const [held, add] = [[], addEventListener]
  window.addEventListener = (type, act) => type === 'DOMContentLoaded' ? held.push(act) : add(type, act)
  window.go = () => held.forEach((act) => act())
}`
const PLACES = `[...document.querySelectorAll('main :is(tr, th, td, p, h3, td a)')].map((each) => {
  const { left, top, height } = each.getBoundingClientRect()
  return [each.tagName, left, top, height].map((at) => at.toFixed?.() ?? at).join(' ')
})`

test('scripts move nothing of a listing', unlessBrowser, async (t) => {
  const files = { 'pub/a.iso': 'a', 'pub/b.iso': 'bb', 'pub/README.md': 'c' }
  const args = ['--warm', '**', '--site-name', 'An archive of many releases']
  const { address } = await serveMirror(t, { files, args, ready: 3 })
  for (const width of [320, 390, 800, 1280]) {
    const { page } = await openTab(t, { width })
    await page.addInitScript(HELD)
    await page.goto(`${address}/pub/`)
    const before = await page.evaluate(PLACES)
    await page.evaluate('go()')
    assert.match(await page.locator('time').first().innerText(), /ago$|now$/)
    assert.deepEqual(await page.evaluate(PLACES), before, `${width}`)
    const height = Number(await page.evaluate(`document.querySelector('.bar').offsetHeight`))
    assert.ok(height < (width < 800 ? 140 : 70), `the head is ${height} px high at ${width} px`)
  }
})
