// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { startAll } from './all-programs.js'

/** Finds texts and controls that lie over others, as far as they are seen. */
const OVERLAPS = `(() => {
  const seen = (e) => e && e.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  const things = []
  const add = (element, rects) => {
    for (const { left, top, right, bottom } of rects) {
      const box = { element, left, top, right, bottom }
      for (let up = element; up; up = up.parentElement) {
        if (getComputedStyle(up).overflowX === 'visible') continue
        const around = up.getBoundingClientRect()
        box.left = Math.max(box.left, around.left)
        box.right = Math.min(box.right, around.right)
      }
      if (box.right - box.left > 2 && box.bottom - box.top > 2 && box.right > 0) things.push(box)
    }
  }
  const isStuck = (e) => e.closest('.chosen, .skip, kbd, option, svg, noscript, title')
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const { parentElement: parent, data } = texts.currentNode
    if (data.trim() === '' || !seen(parent) || isStuck(parent)) continue
    const range = document.createRange()
    range.selectNodeContents(texts.currentNode)
    add(parent, range.getClientRects())
  }
  for (const each of document.querySelectorAll('input, select, textarea, button'))
    if (seen(each) && !isStuck(each) && each.type !== 'hidden') add(each, [each.getBoundingClientRect()])
  const found = new Set()
  for (const [at, one] of things.entries()) {
    for (const other of things.slice(at + 1)) {
      if (one.element.contains(other.element) || other.element.contains(one.element)) continue
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left)
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)
      if (wide <= 2) continue
      // Lines of different sizes may touch
      if (high > 0.35 * Math.min(one.bottom - one.top, other.bottom - other.top))
        found.add(one.element.outerHTML.slice(0, 90) + ' | ' + other.element.outerHTML.slice(0, 90))
    }
  }
  return [...found]
})()`

test('with letters of twice the size nothing lies over anything', unlessBrowser, async (t) => {
  const { pages, open } = await startAll(t)
  const faults: string[] = []
  for (const width of [390, 700, 768, 1280]) {
    const tab = await open({ width, fontSize: 32 })
    for (const [name, page] of Object.entries(pages)) {
      await tab.open(page)
      const path = process.env['BTKIT_PICTURES']
      if (path) await tab.page.screenshot({ path: `${path}/large-${name}-${width}.png` })
      const size = await tab.page.evaluate('getComputedStyle(document.body).fontSize')
      const overlaps = (await tab.page.evaluate(OVERLAPS)) as string[]
      const wide = Number(await tab.page.evaluate('document.documentElement.scrollWidth')) - width
      faults.push(...overlaps.map((each) => `${name} ${width}: ${each}`))
      // Lists have letters a little smaller than the reader's
      if (parseFloat(String(size)) < 30) faults.push(`${name} ${width}: letters of ${String(size)}`)
      if (wide > 0) faults.push(`${name} ${width}: ${wide} px sideways`)
    }
  }
  assert.deepEqual(faults, [])
})

test('a printed listing has its heading, path and count, and no form', unlessBrowser, async (t) => {
  const { pages } = await startAll(t)
  const { page } = await openTab(t, { isPrinted: true, at: pages.folder })
  assert.equal(await page.locator('h1').isVisible(), true)
  assert.equal(await page.locator('h1').innerText(), 'images')
  assert.equal(await page.locator('#shown').innerText(), '1 file · 1 B')
  assert.equal(await page.locator('tbody th').first().innerText(), 'boot.img')
  for (const none of ['input', '.bar nav a', '.get a', 'footer'])
    assert.equal(await page.locator(`${none}:visible`).count(), 0, none)
})

/** Finds tables without a name for people who hear the page. */
const UNNAMED = `[...document.querySelectorAll('main table')].filter((table) => {
  const named = document.getElementById(table.getAttribute('aria-labelledby'))
  return !(table.caption ?? named)?.textContent.trim() && !table.ariaLabel
}).map((table) => table.outerHTML.slice(0, 100))`

/** The least contrast of hints in empty fields; 21 if there are none. */
const HINTS = `Math.min(21, ...[...document.querySelectorAll('[placeholder]')].map((field) => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const level = part / 255
      return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05
  }
  const two = [getComputedStyle(field, '::placeholder').color, getComputedStyle(field).backgroundColor]
  const [low, high] = two.map(light).toSorted((a, b) => a - b)
  return high / low
}))`

/** Where the head ends, how large the heading is, and the colours of the page and of headers. */
const FRAME = `(() => {
  const style = (selector) => [...document.querySelectorAll(selector)].map((e) => getComputedStyle(e))
  const of = (selector, ...names) => style(selector).map((one) => names.map((name) => one[name]).join())
  return [...new Set([
    ...of('.bar', 'height', 'margin'),
    ...of('h1', 'fontSize', 'fontWeight'),
    ...of('html', 'backgroundColor'),
    ...of('thead :is(th, button)', 'color').map((color) => 'headers of ' + color),
  ])].filter((each) => !/NaN/.test(each)).sort()
})()`

for (const colorScheme of ['light', 'dark'] as const) {
  test(
    `all programs have one frame, and all is named and readable, ${colorScheme}`,
    unlessBrowser,
    async (t) => {
      const { pages, open } = await startAll(t)
      const tab = await open({ width: 1280, colorScheme })
      const frames = new Map<string, string>()
      for (const [name, page] of Object.entries(pages)) {
        await tab.open(page)
        assert.deepEqual(await tab.page.evaluate(UNNAMED), [], name)
        assert.ok(Number(await tab.page.evaluate(HINTS)) >= 4.5, name)
        const found = (await tab.page.evaluate(FRAME)) as string[]
        for (const each of found) if (!frames.has(each)) frames.set(each, name)
      }
      // A head, a heading, a ground and a colour of headers
      assert.equal(frames.size, 4, JSON.stringify([...frames]))
    },
  )
}

const NAME_SHARE = `(() => {
  const cells = [...document.querySelectorAll('main tbody tr > th')]
  const rows = cells.map((cell) => cell.getBoundingClientRect().width / cell.parentElement.offsetWidth)
  return Math.min(...rows)
})()`
/** The height of the lines below the names. */
const BELOW = `Math.max(...[...document.querySelectorAll('main tbody tr')].map((row) => {
  return row.offsetHeight - row.querySelector('th').offsetHeight
}))`

test(
  'a row of any list gives the name the width that is left, and two lines on a phone',
  unlessBrowser,
  async (t) => {
    const { pages, open } = await startAll(t)
    const wide = await open({ width: 1280 })
    const narrow = await open({ width: 390 })
    for (const name of ['listing', 'folder', 'search', 'catalogue', 'newest', 'managed'] as const) {
      await wide.open(pages[name])
      assert.ok(Number(await wide.page.evaluate(NAME_SHARE)) > 0.45, name)
      await narrow.open(pages[name])
      const height = Number(await narrow.page.evaluate(BELOW))
      assert.ok(height > 20 && height < 48, `${name}: ${height} px`)
      assert.equal(await narrow.page.evaluate('document.documentElement.scrollWidth'), 390, name)
      const actions = `Math.max(...[...document.querySelectorAll('td.get')].map((cell) => [...cell.children].filter((e) => e.checkVisibility()).length))`
      assert.equal(await narrow.page.evaluate(actions), 1, name)
    }
  },
)

test('no page is longer on a wider screen', unlessBrowser, async (t) => {
  const { pages, open } = await startAll(t)
  const heightsAt = async (width: number) => {
    const tab = await open({ width, height: 900 })
    const heights: Record<string, unknown> = {}
    for (const [name, page] of Object.entries(pages)) {
      await tab.open(page)
      heights[name] = await tab.page.evaluate(`document.querySelector('main').offsetHeight`)
    }
    return heights
  }
  const [usual, wide] = [await heightsAt(1280), await heightsAt(1920)]
  const longer = Object.keys(usual).filter((name) => Number(wide[name]) > Number(usual[name]))
  assert.deepEqual(longer, [])
})

test('with a chosen file all stops of the keyboard are above the bar', unlessBrowser, async (t) => {
  const { pages } = await startAll(t)
  const { page, violations } = await openTab(t, { width: 390, height: 600, at: pages.many })
  await page.locator('.pick input').first().click()
  assert.deepEqual(await violations(), [])
})

test(
  'dates of a page are exact, and the search stands beside the menu',
  unlessBrowser,
  async (t) => {
    const { pages } = await startAll(t)
    for (const width of [700, 768, 1024]) {
      const { page } = await openTab(t, { width, at: pages.file })
      assert.match(
        await page.locator('.facts time').first().innerText(),
        /^\d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d, (?:just now|.* ago)$/,
      )
      const height = await page.evaluate(`document.querySelector('.bar').offsetHeight`)
      assert.ok(Number(height) < 70, `the head is ${String(height)} px high at ${width} px`)
    }
  },
)

test('the cursor is in the field of a mistake', unlessBrowser, async (t) => {
  const { pages } = await startAll(t)
  const { page } = await openTab(t, { at: pages.make })
  await page.locator('[name=path]').fill('/nowhere')
  await page.getByRole('button', { name: 'Create torrent' }).click()
  await page.getByRole('alert').waitFor()
  assert.equal(await page.evaluate('document.activeElement.name'), 'path')
})
