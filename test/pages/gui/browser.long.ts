// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { checkPage, openTab, unlessBrowser } from '../../support/browser.js'
import { openTestGui } from '../../support/gui.js'

const TREE = { 'tree/a': 'a'.repeat(50_000), 'tree/b': 'b'.repeat(70_000) }

/** The page on which torrents are made, in a browser. */
async function openMake(...world: Parameters<typeof openTestGui>) {
  const gui = await openTestGui(...world)
  return { ...gui, ...(await openTab(world[0], { at: `${gui.pages}make` })) }
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 800, 1440]) {
    test(`each page can be used by all, ${colorScheme}, ${width} px`, unlessBrowser, async (t) => {
      const gui = await openTestGui(t, TREE)
      await gui.send('make', { act: 'make', path: 'tree' })
      const tab = await openTab(t, { colorScheme, width })
      const look = (what: string) => checkPage(tab, what)
      for (const path of [
        '',
        'make',
        'complete',
        'look',
        'check',
        'edit',
        `edit?torrents=${gui.root}`,
      ]) {
        await tab.open(gui.pages + path)
        await look(path)
      }
      await tab.page.locator('nav a').first().click()
      await tab.page.getByRole('button', { name: 'Choose…' }).first().click()
      await look('picker')
      await tab.open(`${gui.pages}check?torrent=${gui.root}/tree.torrent`)
      await tab.page.getByRole('button', { name: 'Verify the files' }).click()
      await tab.page.locator('.map').first().waitFor()
      await look('map')
      await tab.open(`${gui.pages}complete?path=${gui.root}`)
      await tab.page.getByRole('button', { name: 'Next' }).click()
      await tab.page.locator('.note').first().waitFor()
      await look('plan')
      await tab.open(`${gui.pages}make`)
      await tab.page.getByRole('button', { name: 'Add a tracker' }).click()
      const row = "document.querySelector('.tiers input').getBoundingClientRect().width >= 200"
      assert.equal(await tab.page.evaluate(row), true, 'a tracker can be read')
    })
  }
}

test('Enter in a field previews the torrent, and makes nothing', unlessBrowser, async (t) => {
  const { root, page } = await openMake(t, TREE)
  await page.locator('[name=path]').fill('tree')
  await page.locator('[name=comment]').press('Enter')
  await page.getByRole('heading', { name: 'Preview: tree' }).waitFor()
  assert.ok(!existsSync(join(root, 'tree.torrent')))
})

for (const javaScript of [true, false]) {
  const how = javaScript ? 'with' : 'without'
  test(`a torrent is made by clicks, ${how} scripts`, unlessBrowser, async (t) => {
    const { root, pages } = await openTestGui(t, TREE)
    const tab = await openTab(t, { javaScript })
    const { page } = tab
    await tab.open(`${pages}make`)
    await page.locator('[value=browse-path]').click()
    await page.getByRole('button', { name: 'tree/', exact: true }).click()
    await page.getByRole('button', { name: 'Choose this folder' }).click()
    assert.equal(await page.locator('[name=path]').inputValue(), join(root, 'tree'))
    if (javaScript) {
      for (const [at, url] of [
        'http://b.example/announce',
        'http://a.example/announce',
      ].entries()) {
        // Enter goes to the next row
        if (at > 0) await page.locator('.tiers input').first().press('Enter')
        else await page.getByRole('button', { name: 'Add a tracker' }).click()
        await page.locator('.tiers input').nth(at).fill(url)
      }
      await page.locator('.tiers input').nth(1).press('Alt+ArrowUp')
    } else {
      const tiers = 'http://a.example/announce\n\nhttp://b.example/announce'
      await page.locator('[name=trackers]').fill(tiers)
    }
    await page.getByRole('button', { name: 'Create torrent' }).click()
    await page.locator('.copied').first().waitFor()
    const torrent = join(root, 'tree.torrent')
    assert.ok(existsSync(torrent))
    const { announce } = parseMetainfo(readFileSync(torrent), { maxSize: 1e6 })
    assert.equal(announce, 'http://a.example/announce')
    assert.deepEqual(tab.faults, [])
  })
}

test('pieces and sizes are shown while one chooses', unlessBrowser, async (t) => {
  const { root, page } = await openMake(t, TREE)
  await page.locator('[name=path]').fill('tree')
  await page.locator('[name=path]').press('Tab')
  await page.getByRole('heading', { name: 'Preview: tree' }).waitFor()
  assert.equal(
    await page.locator('[name=output]').getAttribute('placeholder'),
    join(root, 'tree.torrent'),
  )
  await page.locator('summary').first().click()
  await page.locator('[name=pieceLength]').selectOption(String(2 ** 16))
  await page.locator('[data-plan] p:text("in 2 pieces of 64 KiB")').waitFor()
  assert.equal(await page.locator('[data-set]').innerText(), 'Piece length: 64 KiB')
  assert.ok(!existsSync(join(root, 'tree.torrent')))
})

test('a form that is left by the menu is kept, until it is sent', unlessBrowser, async (t) => {
  const { page } = await openMake(t, TREE)
  await page.locator('[name=path]').fill('tree')
  await page.locator('[name=private]').setChecked(true)
  await page.locator('.tiers input').fill('http://a.example/announce')
  await page.getByRole('link', { name: 'Verify' }).click()
  await page.getByRole('link', { name: 'Create', exact: true }).click()
  await page.waitForURL(/make\?/)
  assert.equal(await page.locator('[name=path]').inputValue(), 'tree')
  assert.equal(await page.locator('.tiers input').inputValue(), 'http://a.example/announce')
  assert.equal(await page.evaluate("document.querySelector('[name=private]').checked"), true)
  await page.getByRole('button', { name: 'Create torrent' }).click()
  await page.locator('.copied').first().waitFor()
  await page.getByRole('link', { name: 'Create', exact: true }).click()
  assert.equal(await page.locator('[name=path]').inputValue(), '')
})

test('a torrent that is dropped on the page is inspected', unlessBrowser, async (t) => {
  const gui = await openTestGui(t, TREE)
  await gui.send('make', { act: 'make', path: 'tree' })
  const { page, faults } = await openTab(t, { at: `${gui.pages}look` })
  const bytes = JSON.stringify([...readFileSync(join(gui.root, 'tree.torrent'))])
  await page.evaluate(`{
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([new Uint8Array(${bytes})], 'tree.torrent'))
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }))
  }`)
  await page.locator('.facts').first().waitFor()
  assert.equal(await page.locator('[name=torrent]').inputValue(), join(gui.root, 'tree.torrent'))
  assert.deepEqual(faults, [])
})

test('Back leads to the page before, also after forms were sent', unlessBrowser, async (t) => {
  const { root, page } = await openMake(t, TREE)
  await page.locator('[name=comment]').fill('typed')
  await page.locator('[value=browse-path]').click()
  await page.getByRole('button', { name: 'tree/', exact: true }).click()
  await page.getByRole('button', { name: 'Choose this folder' }).waitFor()
  assert.match((await page.locator('.sub').textContent()) ?? '', /tree$/)
  await page.goBack()
  assert.equal(await page.locator('.sub').textContent(), root)
  await page.goBack()
  assert.equal(await page.locator('[name=comment]').inputValue(), 'typed')
})

test('after Back, the rows of trackers are those that the form sends', unlessBrowser, async (t) => {
  const { page } = await openMake(t, TREE)
  await page.locator('[name=path]').fill('tree')
  await page.getByRole('button', { name: 'Add a tracker' }).click()
  await page.locator('.tiers input').fill('http://a.example/announce')
  await page.getByRole('button', { name: 'Create torrent' }).click()
  await page.locator('.copied').first().waitFor()
  await page.goBack()
  if (/Torrent of/.test(await page.title())) await page.goBack()
  assert.equal(await page.locator('[name=path]').inputValue(), 'tree')
  assert.equal(await page.locator('.tiers input').inputValue(), 'http://a.example/announce')
  assert.equal(
    await page.evaluate("document.querySelector('[name=trackers]').value"),
    'http://a.example/announce',
  )
})

test('a pasted list of trackers is a row for each', unlessBrowser, async (t) => {
  const { page } = await openMake(t)
  await page.getByRole('button', { name: 'Add a tracker' }).click()
  await page.evaluate(`{
    const clipboardData = new DataTransfer()
    clipboardData.setData('text', 'http://a.example/announce\\r\\n http://b.example/announce\\n\\nudp://c.example:1|http://d.example/a,http://e.example/a\\n')
    const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
    document.querySelector('.tiers input').dispatchEvent(paste)
  }`)
  assert.equal(await page.locator('.tiers input').count(), 5)
  assert.equal(
    await page.evaluate("document.querySelector('[name=trackers]').value"),
    'http://a.example/announce\nhttp://b.example/announce\n\nudp://c.example:1\n\n' +
      'http://d.example/a\nhttp://e.example/a',
  )
  // The rest of a tier stays one
  await page.getByRole('button', { name: 'Remove http://d.example/a' }).click()
  assert.equal(
    await page.evaluate("document.querySelector('[name=trackers]').value"),
    'http://a.example/announce\nhttp://b.example/announce\n\nudp://c.example:1\n\nhttp://e.example/a',
  )
})

test(
  'buttons of rows of trackers keep the focus, and name and say what they do',
  unlessBrowser,
  async (t) => {
    const { page, violations } = await openMake(t)
    assert.equal(await page.getByText('Tier 1').isVisible(), false, 'one tracker has no tiers')
    for (const at of [0, 1, 2]) {
      await page.getByRole('button', { name: at === 0 ? 'Add a tracker' : 'New tier' }).click()
      await page.locator('.tiers input').nth(at).fill(`http://${'abc'[at]}.example/announce`)
    }
    const headings = await page.locator('.tiers [role=heading]').allInnerTexts()
    assert.deepEqual(headings, [
      'Tier 1',
      'Tier 2 – used if tier 1 fails',
      'Tier 3 – used if tier 2 fails',
    ])
    const placeholder = await page.locator('.tiers input').first().getAttribute('placeholder')
    assert.equal(placeholder, 'https://tracker.example/announce')
    assert.deepEqual(await violations(), [])
    const focused = () => page.evaluate("document.activeElement.getAttribute('aria-label')")
    const said = () => page.locator('[role=status].said').innerText()
    const press = async (name: string) => {
      await page.getByRole('button', { name, exact: true }).focus()
      await page.keyboard.press('Enter')
    }
    await press('Move up http://c.example/announce')
    assert.equal(await focused(), 'Move up http://c.example/announce')
    assert.equal(await said(), 'http://c.example/announce is in tier 2, row 1')
    await page.keyboard.press('Enter')
    assert.equal(await said(), 'http://c.example/announce is in tier 1, row 1')
    await press('Move down http://a.example/announce')
    assert.equal(await focused(), 'Move down http://a.example/announce')
    await press('Begin or join a tier: http://b.example/announce')
    assert.equal(await said(), 'http://b.example/announce is in tier 1, row 2')
    // To the next row, from the last one to the button below
    await press('Remove http://c.example/announce')
    assert.equal(await focused(), 'Remove http://b.example/announce')
    assert.equal(await said(), 'http://c.example/announce is removed')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Add a tracker')
    assert.equal(await page.evaluate("document.querySelector('[name=trackers]').value"), '')
  },
)

test('a chosen preset fills in the fields', unlessBrowser, async (t) => {
  const fields = { trackers: 'http://p.example/announce', private: 'on', source: 'EX' }
  const presets = [{ name: 'private site', fields }]
  const { page } = await openMake(t, TREE, { presets })
  await page.locator('[name=preset]').selectOption('private site')
  await page.locator('.note').waitFor()
  assert.equal(await page.locator('[name=source]').inputValue(), 'EX')
})

for (const colorScheme of ['light', 'dark'] as const) {
  test(
    `good and damaged pieces differ without colours, ${colorScheme}`,
    unlessBrowser,
    async (t) => {
      const gui = await openTestGui(t, TREE)
      await gui.send('make', { act: 'make', path: 'tree' })
      const { page, open } = await openTab(t, { colorScheme })
      await open(`${gui.pages}check?torrent=${gui.root}/tree.torrent`)
      await page.getByRole('button', { name: 'Verify the files' }).click()
      await page.locator('.map').first().waitFor()
      await page.waitForLoadState()
      const contrast = await page.evaluate(`(() => {
      const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d')
      const light = (state) => {
        pen.fillStyle = getComputedStyle(document.querySelector('.map .' + state)).fill
        pen.fillRect(0, 0, 1, 1)
        const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((each) => {
          const part = each / 255
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
      }
      const [good, bad] = [light('good'), light('bad')]
      return Math.max(good, bad) / Math.min(good, bad)
    })()`)
      assert.ok(Number(contrast) >= 3, `contrast ${String(contrast)}`)
    },
  )
}

test('closing the last page ends the program', unlessBrowser, async (t) => {
  const { pages, ended } = await openTestGui(t, {}, { goneAfter: 100 })
  const tab = await openTab(t)
  // A page counts from then on
  const alive = new Promise<void>((done) => {
    tab.page.on('response', (response: { url: () => string }) => {
      if (response.url().endsWith('/alive')) done()
    })
  })
  await tab.open(`${pages}make`)
  await alive
  await tab.open('about:blank')
  assert.equal(await ended.then(() => 'ended'), 'ended')
})
