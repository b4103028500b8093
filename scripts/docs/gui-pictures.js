// Takes the pictures of the pages of `btkit gui`: a new torrent, and the map of a damaged download.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, closeSync, writeSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chromium as playwright } from 'playwright-core'

const MIB = 2 ** 20

/** Writes the pictures; `chromium` is the program, `pictures` the directory. */
export async function takeGui(scratch, { chromium, pictures, env }) {
  const root = join(scratch, 'gui')
  plant(root)
  const program = spawn(process.execPath, [resolve('bin/btkit.js'), 'gui', '--no-browser', root], {
    env: { ...env, XDG_RUNTIME_DIR: '' },
  })
  const browser = await playwright.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  try {
    const [text] = await once(program.stdout, 'data')
    const viewport = { width: 1000, height: 640 }
    const page = await (await browser.newContext({ viewport })).newPage()
    await page.goto(/http:\S+/.exec(text)[0])
    const take = (name) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
    await makeTorrent(page, root)
    await take('gui-made')
    await page.click('text=Check files with it')
    damage(root)
    await page.click('text=Check the files')
    await page.waitForSelector('.map')
    await take('gui-check')
  } finally {
    await browser.close()
    program.kill('SIGINT')
  }
}

function plant(root) {
  mkdirSync(join(root, 'example-2.0'), { recursive: true })
  for (const [name, size] of [
    ['example-2.0.iso', 24 * MIB],
    ['handbook.pdf', 5 * MIB],
    ['README', 2000],
  ])
    writeFileSync(join(root, 'example-2.0', name), Buffer.alloc(size, name))
}

async function makeTorrent(page, root) {
  await page.click('nav >> text=Make')
  await page.fill('[name=path]', join(root, 'example-2.0'))
  await page.click('text=Add a tracker')
  await page.fill('.tiers input', 'http://tracker.example.org/announce')
  await page.click('text=Make the torrent')
  await page.waitForSelector('.qr')
}

function damage(root) {
  const file = openSync(join(root, 'example-2.0/example-2.0.iso'), 'r+')
  for (let at = 6 * MIB; at < 9 * MIB; at += MIB / 3) writeSync(file, 'x', Math.floor(at))
  closeSync(file)
}
