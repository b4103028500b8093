// Takes the picture of the administration of `btkit track`: the torrents of a category.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chromium as playwright } from 'playwright-core'

const MIB = 2 ** 20
const BTKIT = resolve('bin/btkit.js')
const TRACKER = 'http://tracker.example.org/announce'
const PASSWORD = 'correct horse battery'

/** Size in MiB and day of each torrent. */
const FILES = {
  'debian/example-13.1-amd64.iso': [64, '2026-11-14'],
  'debian/example-13.1-arm64.iso': [59, '2026-11-14'],
  'debian/example-13.1-source.tar.xz': [48, '2026-11-15'],
  'debian/example-14-beta2-amd64.iso': [66, '2026-11-20'],
  'handbook/example-handbook-13.pdf': [12, '2026-10-30'],
}

/** Writes the picture; `chromium` is the program, `pictures` the directory. */
export async function takeAdmin(scratch, { chromium, pictures, env }) {
  const root = join(scratch, 'admin')
  plant(root, env)
  const users = join(root, 'users')
  run(['admin', 'passwd', 'alice', '--admin-users', users], { env, input: `${PASSWORD}\n` })
  const program = spawn(
    process.execPath,
    [
      ...[BTKIT, 'track', '--port', '0', '--no-udp', '--state-dir', join(root, 'state')],
      ...['--allowed-dir', join(root, 'torrents'), '--make-from', join(root, 'files')],
      ...['--admin-users', users, '--admin-listen', '127.0.0.1:0'],
    ],
    { env },
  )
  const browser = await playwright.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  try {
    const { address, port } = await addressOf(program)
    await announcePeers(join(root, 'torrents/debian'), { port, env })
    const page = await browser.newPage({ viewport: { width: 1160, height: 560 } })
    await page.goto(`${address}/login`)
    await page.fill('[name=name]', 'alice')
    await page.fill('[name=password]', PASSWORD)
    await page.click('main button')
    await page.goto(`${address}/torrents?in=0/debian`)
    for (const at of [0, 1]) await page.locator('[name=torrent]').nth(at).click()
    await page.screenshot({ path: join(pictures, 'admin.png'), fullPage: true })
  } finally {
    await browser.close()
    program.kill()
  }
}

function plant(root, env) {
  for (const [path, [size, day]] of Object.entries(FILES)) {
    const file = join(root, 'files', path)
    const torrent = join(root, 'torrents', `${path}.torrent`)
    mkdirSync(join(file, '..'), { recursive: true })
    mkdirSync(join(torrent, '..'), { recursive: true })
    writeFileSync(file, '')
    truncateSync(file, size * MIB)
    run(['makemetafile', file, TRACKER, '--target', torrent, '--quiet'], { env })
    utimesSync(torrent, new Date(`${day}T09:00Z`), new Date(`${day}T09:00Z`))
  }
}

/** Announces a few seeds and downloaders of each torrent. */
async function announcePeers(directory, { port, env }) {
  for (const [at, name] of readdirSync(directory).sort().entries()) {
    const hash = String(run(['hash', join(directory, name)], { env })).slice(0, 40)
    const escaped = hash.replace(/../g, '%$&')
    for (let peer = 0; peer < 9 - 2 * at; peer += 1) {
      const id = `-XX0000-${String(peer).padStart(12, '0')}`
      const about = `peer_id=${id}&port=${6881 + peer}&left=${peer % 3 === 2 ? 1 : 0}`
      await fetch(`http://127.0.0.1:${port}/announce?info_hash=${escaped}&${about}`)
    }
  }
}

function run(args, options) {
  return execFileSync(process.execPath, [BTKIT, ...args], options)
}

function addressOf(program) {
  return new Promise((found, fail) => {
    let printed = ''
    program.once('close', () => fail(new Error(`track: ${printed}`)))
    program.stdout.on('data', (text) => {
      printed += text
      const [, address] = /^admin:\s+(http:\S+)$/m.exec(printed) ?? []
      const [, port] = /^address:.*:(\d+)\/announce$/m.exec(printed) ?? []
      if (address) found({ address, port })
    })
  })
}
