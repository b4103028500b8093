// Draws the pictures of README.md and docs/ into docs/pictures: a screenshot of serve's listing by
// Chromium, a terminal from the output of real commands, and the charts of docs/figures.json. Build
// first.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import { takeAdmin } from './admin-picture.js'
import { takeCatalogue } from './catalogue-picture.js'
import { takeGui } from './gui-pictures.js'
import { barChart, terminal, wrap } from './svg.js'

const PICTURES = 'docs/pictures'
const COLUMNS = 96
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const MIB = 2 ** 20
const MIRROR = {
  'iso/example-13.1-amd64.iso': [640 * MIB, '2026-11-14T09:20'],
  'iso/example-13.1-arm64.iso': [598 * MIB, '2026-11-14T09:41'],
  'packages/example-tools_2.0.deb': [3 * MIB, '2026-11-02T16:05'],
  'example-handbook.pdf': [12 * MIB, '2026-10-30T11:12'],
  'example-2.0.tar.xz': [48 * MIB, '2026-11-18T08:00'],
  'example-1.9.tar.xz': [47 * MIB, '2026-06-03T08:00'],
  'README.md': [0, '2026-11-18T08:00'],
}
const COMMANDS = [
  'btkit makemetafile example-2.0.tar.xz http://tracker.example.org/announce',
  'btkit verify example-2.0.tar.xz.torrent',
  'btkit showmetainfo --magnet example-2.0.tar.xz.torrent',
  'btkit completedir http://tracker.example.org/announce . --output ../torrents',
  'btkit completedir http://tracker.example.org/announce . --output ../torrents',
]

const scratch = mkdtempSync(join(tmpdir(), 'btkit-pictures-'))
try {
  mkdirSync(PICTURES, { recursive: true })
  plantMirror(join(scratch, 'mirror'))
  await takeListing()
  const pages = { chromium: CHROMIUM, pictures: PICTURES, env: environment() }
  await takeGui(scratch, pages)
  await takeCatalogue(scratch, pages)
  await takeAdmin(scratch, pages)
  drawTerminal()
  const figures = JSON.parse(readFileSync('docs/figures.json', 'utf8'))
  for (const [name, chart] of Object.entries(figures)) draw(name, barChart(chart))
} finally {
  rmSync(scratch, { recursive: true })
}

function plantMirror(root) {
  mkdirSync(join(scratch, 'torrents'))
  for (const [name, [size, date]] of Object.entries(MIRROR)) {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, size === 0 ? 'Example releases. Every file has a torrent.\n' : '')
    if (size > 0) truncateSync(path, size)
    for (const each of [path, dirname(path)])
      utimesSync(each, new Date(`${date}Z`), new Date(`${date}Z`))
  }
}

/** The page of the mirror's root, as a browser shows it. */
async function takeListing() {
  const args = [resolve('bin/btkit.js'), 'serve', join(scratch, 'mirror'), '--port', '0']
  const service = spawn(process.execPath, [...args, '--trackerless'], { env: environment() })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const address = await new Promise((found, fail) => {
      let printed = ''
      service.once('close', () => fail(new Error(`serve: ${printed}`)))
      service.stdout.on('data', (text) => {
        printed += text
        const [, url] = /^address:\s+(\S+)$/m.exec(printed) ?? []
        if (url) found(url)
      })
    })
    const page = await browser.newPage({ viewport: { width: 900, height: 560 } })
    await page.goto(`${address}/`)
    await page.screenshot({ path: join(PICTURES, 'listing.png') })
  } finally {
    await browser.close()
    service.kill()
  }
}

function drawTerminal() {
  const mirror = join(scratch, 'mirror')
  const lines = COMMANDS.flatMap((command) => {
    const [, ...args] = command.split(' ')
    const options = { cwd: mirror, encoding: 'utf8', env: environment() }
    const output = execFileSync(process.execPath, [resolve('bin/btkit.js'), ...args], options)
    return [...wrap(`$ ${command}`, COLUMNS), ...wrap(output, COLUMNS), '']
  })
  draw('terminal', terminal({ title: 'btkit in a terminal', lines, columns: COLUMNS }))
}

function draw(name, svg) {
  writeFileSync(join(PICTURES, `${name}.svg`), svg)
}

function environment() {
  const directories = {
    BTKIT_CACHE_DIR: join(scratch, 'cache'),
    BTKIT_STATE_DIR: join(scratch, 'state'),
  }
  return { PATH: process.env['PATH'], HOME: scratch, LANG: 'C.UTF-8', TZ: 'UTC', ...directories }
}
