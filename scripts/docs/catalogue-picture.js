// Takes the picture of the catalogue of `btkit track`: a category with its torrents and some peers.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chromium as playwright } from 'playwright-core'

const MIB = 2 ** 20
const BTKIT = resolve('bin/btkit.js')
const TRACKER = 'http://tracker.example.org/announce'

/** Size in MiB, day of the torrent, seeds and leechers of each file. */
const FILES = {
  'stable/example-13.1-amd64.iso': [64, '2026-11-14', 41, 7],
  'stable/example-13.1-arm64.iso': [59, '2026-11-14', 18, 3],
  'stable/example-13.1-source.tar.xz': [48, '2026-11-15', 9, 0],
  'testing/example-14-beta2-amd64.iso': [66, '2026-11-20', 12, 5],
  'testing/example-14-beta2-arm64.iso': [61, '2026-11-20', 4, 1],
  'handbook/example-handbook-13.pdf': [12, '2026-10-30', 6, 0],
}

/** Writes the picture; `chromium` is the program, `pictures` the directory. */
export async function takeCatalogue(scratch, { chromium, pictures, env }) {
  const torrents = join(scratch, 'catalogue', 'releases')
  plant(mkdtempSync(join(scratch, 'files-')), torrents, env)
  const args = ['track', '--allowed-dir', join(torrents, '..'), '--port', '0', '--no-udp']
  const program = spawn(process.execPath, [BTKIT, ...args, '--allow-get'], { env })
  const browser = await playwright.launch({ executablePath: chromium, args: ['--no-sandbox'] })
  try {
    const address = `http://127.0.0.1:${await portOf(program)}`
    await announcePeers(address)
    const page = await browser.newPage({ viewport: { width: 1000, height: 640 } })
    await page.goto(`${address}/catalogue/releases/?sort=complete&order=desc`)
    await page.screenshot({ path: join(pictures, 'catalogue.png'), fullPage: true })
  } finally {
    await browser.close()
    program.kill()
  }
}

function plant(root, torrents, env) {
  for (const [path, [size, day]] of Object.entries(FILES)) {
    const file = join(root, path)
    const torrent = join(torrents, `${path}.torrent`)
    mkdirSync(join(file, '..'), { recursive: true })
    mkdirSync(join(torrent, '..'), { recursive: true })
    writeFileSync(file, '')
    truncateSync(file, size * MIB)
    execFileSync(
      process.execPath,
      [BTKIT, 'makemetafile', file, TRACKER, '--target', torrent, '--quiet'],
      { env },
    )
    utimesSync(torrent, new Date(`${day}T09:00Z`), new Date(`${day}T09:00Z`))
  }
}

function portOf(program) {
  return new Promise((found, fail) => {
    let printed = ''
    program.once('close', () => fail(new Error(`track: ${printed}`)))
    program.stdout.on('data', (text) => {
      printed += text
      const [, port] = /^address:\s+http:\S+?:(\d+)\/announce$/m.exec(printed) ?? []
      if (port) found(port)
    })
  })
}

/** Announces the peers of each torrent. */
async function announcePeers(address) {
  const { torrents } = await (await fetch(`${address}/catalogue/index.json`)).json()
  let port = 1000
  for (const { name, infoHash } of torrents) {
    const [, , seeds, leechers] = Object.entries(FILES).find(([path]) => path.endsWith(name))[1]
    for (let i = 0; i < seeds + leechers; i++) {
      const query = new URLSearchParams({ peer_id: String(++port).padStart(20, '-'), port })
      const hash = infoHash.replace(/../g, '%$&')
      const left = i < seeds ? '0&event=completed' : '1'
      await fetch(`${address}/announce?info_hash=${hash}&${query}&left=${left}`)
    }
  }
}
