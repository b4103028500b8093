// A mirror with its tracker, a tracker with peers, its administration, a tracker that nobody uses,
// and a window, all with made-up content.
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { createHash } from 'node:crypto'

const KIB = 1024
const MIB = KIB * KIB
const DAY = 86_400
const HOUR = 3600
const now = Math.floor(Date.now() / 1000)

/** The files of the mirror: bytes or a text, and the age in days. */
const FILES = [
  ['iso/debian-13.2.0-amd64-netinst.iso', 70 * MIB, 3],
  ['iso/debian-13.2.0-arm64-netinst.iso', 67 * MIB, 3],
  ['iso/debian-13.2.0-amd64-DVD-1.iso', 370 * MIB, 3],
  ['iso/archlinux-2026.11.01-x86_64.iso', 110 * MIB, 29],
  ['iso/ubuntu-24.04.3-live-server-amd64.iso', 200 * MIB, 120],
  ['iso/openwrt-24.10.4-x86-64-generic-ext4-combined.img.gz', 12 * MIB, 40],
  ['iso/raspios-trixie-arm64-lite.img.xz', 47 * MIB, 55],
  [
    `iso/A very long release name that somebody typed by hand and never shortened, second edition (revised), including all of the optional supplements and errata - disc 1 of 3.iso`,
    70 * MIB,
    400,
  ],
  [
    'iso/README.md',
    '# Installation images\n\nPick **netinst** when you have a network connection. Each image can be downloaded over HTTP or as a torrent; both are checked against `SHA256SUMS`.\n\nSee the [release notes](notes.txt) or ask on the list.\n',
    3,
  ],
  ['iso/debian-13.2.0-amd64-netinst.iso.sig', 'signature', 3],
  ['iso/archive/debian-12.0.iso', 60 * MIB, 700],
  ['iso/archive/notes.txt', 'notes', 700],
  ['books/Émile Zola – Les Rougon-Macquart.epub', 7 * MIB, 60],
  ['books/Война и мир.epub', 16 * MIB, 61],
  ['books/a  b   spaces .txt', 'spaces', 61],
  ['music/field-recordings.flac', 30 * MIB, 1],
  ['music/cover.jpg', 'cover', 0.1],
]

/** The torrents of the tracker: size in MiB, age in days, seeds, leechers, completed. */
const TORRENTS = [
  [
    'field-recordings/2026/Field recordings from the alps 2026 (24-bit 96 kHz FLAC)',
    993,
    0.2,
    0,
    0,
    0,
  ],
  ['linux/debian/debian-13.2.0-amd64-netinst.iso', 671, 3, 64, 33, 28],
  ['linux/fedora/Fedora-KDE-Live-aarch64-43.iso', 2662, 8, 9, 0, 4],
  ['datasets/openstreetmap-planet-2026-11.osm.pbf', 80_000, 10, 3, 1, 2],
  ['linux/fedora/Fedora-Workstation-Live-x86_64-43.iso', 2700, 14, 15, 4, 13],
  ['linux/archlinux-2026.11.01-x86_64.iso', 1126, 29, 0, 5, 0],
  ['datasets/common-voice-22.0-de.tar.gz', 31_400, 40, 21, 12, 9],
  ['books/Émile Zola – Les Rougon-Macquart', 7, 66, 15, 4, 6],
  ['books/Война и мир', 16, 67, 7, 0, 4],
  ['linux/debian/debian-13.2.0-arm64-netinst.iso', 650, 3, 12, 5, 11],
  ['field-recordings/2020/Dawn chorus, Camargue', 412, 90, 2, 0, 7],
  ['field-recordings/2015/Harbour at night', 288, 400, 1, 3, 40],
]

const CONTENT_COMMENT = 'Recorded with two microphones of ORTF.\n\nLicence: **CC BY 4.0**.'
const running = []

/** Starts all, and returns their addresses. */
export async function openSites(root) {
  const at = (...path) => join(root, ...path)
  plantMirror(at('mirror'))
  plantTorrents(at('torrents'), at('data'))
  plantDamaged(at('data'))
  plantHistory(at('track', 'tracker.state.history'))
  mkdirSync(at('archive'))
  mkdirSync(at('mirror-state'))
  plantHistory(at('mirror-state', 'tracker.state.history'))
  const planted = TORRENTS.map(([name, , , , , completed]) => {
    return [at('torrents', `${name}.torrent`), completed]
  })
  plantMonths(at('track', 'tracker.state'), planted)
  const [iso, made] = [at('mirror/iso/debian-13.2.0-amd64-netinst.iso'), at('iso.torrent')]
  btkit(['makemetafile', iso, '-o', made, '--trackerless', '--no-cache'])
  plantMonths(at('mirror-state', 'tracker.state'), [[made, 28]])
  const users = at('users')
  btkit(
    ['admin', 'passwd', 'alice', '--role', 'admin', '--admin-users', users],
    'correct horse battery\n',
  )
  btkit(
    ['admin', 'passwd', 'bob', '--role', 'uploader', '--admin-users', users],
    'staple of the uploader\n',
  )
  const trackerPort = 16969
  const tracker = await start(
    [
      'track',
      '--allowed-dir',
      at('torrents'),
      '--archive-dir',
      at('archive'),
      '--allow-get',
      '--host',
      '127.0.0.1',
      '--port',
      String(trackerPort),
    ],
    [
      '--state-dir',
      at('track'),
      '--trust-proxy',
      '127.0.0.1',
      '--site-name',
      'Example Torrents',
      '--catalogue',
      'front',
    ],
    ['--admin-users', users, '--admin-listen', '127.0.0.1:16970', '--make-from', at('data')],
  )
  const unused = await start([
    'track',
    '--open',
    '--host',
    '127.0.0.1',
    '--port',
    '16971',
    '--state-dir',
    at('unused'),
  ])
  const styled = await start(
    [
      'track',
      '--allowed-dir',
      at('torrents'),
      '--host',
      '127.0.0.1',
      '--port',
      '16972',
      '--state-dir',
      at('styled'),
    ],
    [
      '--site-name',
      'Example Torrents',
      '--site-header',
      plant(at('header.html'), HEADER),
      '--site-style',
      plant(at('tracker.css'), STYLE),
    ],
  )
  const mirror = await start(
    [
      'serve',
      at('mirror'),
      '--host',
      '127.0.0.1',
      '--port',
      '18080',
      '--track',
      'http://127.0.0.1:18081/announce',
      '--seed',
      '--seed-port',
      '18082',
    ],
    [
      '--warm',
      '**',
      '--state-dir',
      at('mirror-state'),
      '--cache-dir',
      at('cache'),
      '--site-name',
      'Example Mirror',
      '--trust-proxy',
      '127.0.0.1',
    ],
  )
  const plain = await start([
    'serve',
    at('mirror'),
    '--host',
    '127.0.0.1',
    '--port',
    '18083',
    '--trackerless',
    '--cache-dir',
    at('cache2'),
    '--state-dir',
    at('plain'),
  ])
  const gui = await start(
    ['gui', '--no-browser', '--no-cache', '--state-dir', at('gui'), at('data')],
    [],
    [],
    /(http:\S+)/,
  )
  for (const [i, [name, , , seeds, leechers]] of TORRENTS.entries())
    await announce(`http://127.0.0.1:${trackerPort}`, at('torrents', `${name}.torrent`), {
      seeds,
      leechers,
      i,
    })
  await untilWarm(mirror)
  const shown = await (await ask(`${mirror}/iso/?json`)).json()
  const counts = [
    [2, 2],
    [1, 5],
    [65, 33],
    [22, 12],
    [1, 0],
  ]
  for (const [i, [seeds, leechers]] of counts.entries()) {
    const entry = shown.entries.filter(({ name }) => name.endsWith('.iso'))[i]
    const file = at('magnet.torrent')
    writeFileSync(
      file,
      Buffer.from(await (await ask(new URL(entry.torrent, `${mirror}/iso/`))).arrayBuffer()),
    )
    await announce('http://127.0.0.1:18081', file, { seeds, leechers, i: 50 + i })
  }
  const close = async () => {
    for (const child of running) child.kill()
    await Promise.all(
      running.map((child) => child.exitCode ?? new Promise((end) => child.once('exit', end))),
    )
  }
  const [, key = ''] = /open\/(\w+)/.exec(gui) ?? []
  const admin = 'http://127.0.0.1:16970'
  return {
    root,
    tracker,
    unused,
    styled,
    mirror,
    plain,
    admin,
    gui: await enter(gui),
    key,
    torrents: at('torrents'),
    data: at('data'),
    close,
  }
}

/** The pages of a window, of which the first address works once. */
async function enter(address) {
  const answer = await ask(address, { redirect: 'manual' })
  return new URL(answer.headers.get('location'), address).href
}

const HEADER =
  '<p><b>Example</b> <a href="https://www.example.org/">Home</a> <a href="https://forum.example.org/">Forum</a></p>\n'
const STYLE = `:root { --accent: #54487a; --width: 70rem }
@media (prefers-color-scheme: dark) {
  :root { --accent: #b5a8e0 }
}
body { font-family: Georgia, serif }
#site-header { background: var(--accent) }
#site-header, #site-header a { color: var(--accent-text) }
`

function plant(path, content, days = 1) {
  mkdirSync(dirname(path), { recursive: true })
  if (typeof content === 'number') {
    writeFileSync(path, '')
    truncateSync(path, content)
    // Equal files would have one torrent
    writeFileSync(path, path, { flag: 'r+' })
  } else writeFileSync(path, content)
  utimesSync(path, now - days * DAY, now - days * DAY)
  return path
}

function plantMirror(root) {
  for (const [path, content, days] of FILES) plant(join(root, path), content, days)
  const sums = readdirSync(join(root, 'iso')).filter(
    (name) => name.includes('netinst.iso') && !name.endsWith('sig'),
  )
  const lines = sums.map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(root, 'iso', name)))
        .digest('hex')}  ${name}\n`,
  )
  plant(join(root, 'iso/SHA256SUMS'), lines.join(''), 0.1)
  const wrong = `${'5fa9e81a'.repeat(8)}  archlinux-2026.11.01-x86_64.iso\n`
  plant(join(root, 'iso/archlinux-2026.11.01-x86_64.iso.sha256'), wrong, 29)
  for (let i = 0; i < 3000; i++)
    plant(join(root, 'many', `package-${i}.deb`), 'x'.repeat(i + 1), i % 300)
}

function plantTorrents(root, data) {
  for (const [name, size, days] of TORRENTS) {
    const base = name.split('/').at(-1)
    const source = join(data, base)
    if (size > 100) plant(source, 3 * MIB, days)
    else
      for (const part of ['Part one/a.epub', 'Part one/b.epub', 'cover.jpg'])
        plant(join(source, part), 300 * KIB, days)
    mkdirSync(dirname(join(root, name)), { recursive: true })
    const output = join(root, `${name}.torrent`)
    btkit([
      'makemetafile',
      source,
      '-o',
      output,
      '-a',
      'http://127.0.0.1:16969/announce',
      '--comment',
      CONTENT_COMMENT,
      '--no-cache',
    ])
    utimesSync(output, now - days * DAY, now - days * DAY)
  }
}

/** A copy of a book whose first part is damaged, and whose cover is missing. */
function plantDamaged(data) {
  const name = 'Émile Zola – Les Rougon-Macquart'
  const [whole, copy] = [join(data, name), join(data, 'damaged', name)]
  cpSync(whole, copy, { recursive: true })
  writeFileSync(join(copy, 'Part one/a.epub'), 'x'.repeat(70_000), { flag: 'r+' })
  rmSync(join(copy, 'cover.jpg'))
}

/** A month of the whole tracker. */
function plantHistory(path) {
  mkdirSync(dirname(path), { recursive: true })
  const hours = Array.from({ length: 31 * 24 }, (_, i) => {
    const wave = (speed, phase) => Math.sin(i / speed + phase)
    const [seeds, others] = [
      150 + 20 * wave(60, 1) + 8 * wave(4, 0) + i / 20,
      80 + 14 * wave(45, 2) + 6 * wave(4, 1),
    ]
    return [
      Math.floor(now / HOUR) - 31 * 24 + i,
      seeds,
      others,
      Math.max(0, Math.round(2 * wave(9, 0) + 1)),
      15,
    ]
  })
  writeFileSync(path, JSON.stringify(hours))
}

/** The state of a tracker with the seeds of each torrent on the days of a month. */
function plantMonths(path, torrents) {
  const records = torrents.flatMap(([file, completed], i) => {
    const seeds = Array.from({ length: 31 }, (_, day) =>
      Math.max(0, Math.round(20 + day + 9 * Math.sin(day / 4 + i) + 4 * Math.sin(day + i))),
    )
    const month = Buffer.alloc(3 + 2 * seeds.length, 6)
    month.writeUInt16BE(Math.floor(now / DAY), 1)
    seeds.forEach((count, day) => month.writeUInt16BE(count + 1, 3 + 2 * day))
    const swarm = Buffer.of(0, 0, 0, completed)
    return [Buffer.of(1), Buffer.from(infoHashOf(file), 'hex'), swarm, month]
  })
  const head = Buffer.from(`btkit tracker state 1 ${Math.floor(now / 1000)}\n`)
  const state = Buffer.concat([head, ...records, Buffer.of(4)])
  writeFileSync(path, Buffer.concat([state, createHash('sha256').update(state).digest()]))
}

function infoHashOf(file) {
  const shown = execFileSync('node', ['bin/btkit.js', 'showmetainfo', '--json', file])
  return JSON.parse(shown).infoHash
}

function btkit(args, input = '') {
  execFileSync('node', ['bin/btkit.js', ...args], { input, stdio: ['pipe', 'ignore', 'inherit'] })
}

/** Starts a program, and returns the address that it prints. */
function start(args, more = [], even = [], address = /address: +(http:\S+?)(?:\/announce)?\n/) {
  const child = spawn('node', ['bin/btkit.js', ...args, ...more, ...even], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let printed = ''
  return new Promise((resolve, reject) => {
    const read = (bytes) => {
      printed += bytes
      const found = address.exec(printed)
      if (found) resolve(found[1])
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (status) => reject(new Error(`${args[0]} ended with ${status}: ${printed}`)))
  })
}

/** Announces peers of a torrent from many addresses. */
async function announce(tracker, file, { seeds, leechers, i }) {
  const hash = infoHashOf(file).replace(/../g, '%$&')
  for (let n = 0; n < seeds + leechers; n++) {
    const peer = `-qB5010-${String(1000 * i + n).padStart(12, '0')}`
    const left = n < seeds ? 0 : 1000
    const query = `info_hash=${hash}&peer_id=${peer}&port=6881&left=${left}`
    const headers = { 'X-Forwarded-For': `${20 + i}.4.${Math.floor(n / 200)}.${1 + (n % 200)}` }
    await ask(`${tracker}/announce?${query}`, { headers })
  }
}

async function untilWarm(mirror) {
  for (let i = 0; i < 300; i++) {
    const { warm } = await (await ask(`${mirror}/-/status.json`)).json()
    if (warm.waiting + warm.running === 0 && warm.ready > 3000) return
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

/** Asks again if a connection that was kept is closed just then. */
function ask(address, options) {
  return fetch(address, options).catch(() => fetch(address, options))
}
