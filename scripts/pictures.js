// Takes pictures of pages with Chromium, over programs with made-up content. Build first.
//
//   node scripts/pictures.js [NAME ...]   the pictures of the guides, into docs/pictures
//   node scripts/pictures.js --all DIR    each page at four widths, light and dark
//   node scripts/pictures.js --all DIR --widths 390,1280 --schemes light NAME ...
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { GUIDES, PAGES } from './pictures/pages.js'
import { openSites } from './pictures/sites.js'

const { values, positionals } = parseArgs({
  options: {
    all: { type: 'string' },
    widths: { type: 'string', default: '390,768,1280,1920' },
    schemes: { type: 'string', default: 'light,dark' },
  },
  allowPositionals: true,
})
const root = mkdtempSync(join(tmpdir(), 'btkit-pictures-'))
const sites = await openSites(root)
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  if (values.all === undefined) await takeGuides()
  else await takeAll(values.all)
} finally {
  await browser.close()
  await sites.close()
  rmSync(root, { recursive: true, force: true })
}

async function takeGuides() {
  for (const [file, name] of Object.entries(GUIDES)) {
    if (!isWanted(file)) continue
    await take(name, { width: 1024, scheme: 'light', path: `docs/pictures/${file}.png` })
  }
}

function isWanted(name) {
  return positionals.length === 0 || positionals.includes(name)
}

async function takeAll(directory) {
  mkdirSync(directory, { recursive: true })
  for (const name of Object.keys(PAGES)) {
    if (!isWanted(name)) continue
    for (const width of values.widths.split(',').map(Number)) {
      for (const scheme of values.schemes.split(','))
        await take(name, { width, scheme, path: join(directory, `${name}-${width}-${scheme}.png`) })
    }
  }
}

/** Opens a page as it is listed, and saves its picture. */
async function take(name, { width, scheme, path }) {
  const viewport = { width, height: width < 640 ? 844 : 800 }
  const context = await browser.newContext({ viewport, colorScheme: scheme })
  const page = await context.newPage()
  await PAGES[name](page, sites)
  await page.screenshot({ path, fullPage: true, clip: await clipOf(page, width) })
  await context.close()
  console.log(path)
}

/** At most three windows of a long page. */
async function clipOf(page, width) {
  const height = await page.evaluate('document.documentElement.scrollHeight')
  return { x: 0, y: 0, width, height: Math.min(height, 2400) }
}
