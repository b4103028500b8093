// The rows of the limits: what is measured of a program, beside what, and how much is allowed. A
// limit that `isOfLarge` holds where the start counts for little: it is not asked with --quick.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hasProgram, makeScratch, plantFile, run, tracker } from '../support.js'
import { SERVER_ROWS } from './servers.js'

const SIEGE = fileURLToPath(new URL('../siege.js', import.meta.url))
const TURNS = { turns: 9, quickTurns: 5 }
const FIND = 'find'
const NODE = 'node -e 0'
const COPY = 'cp and sync'

/** Files that were written just now are not remembered, and torrents not relied on. */
async function settle() {
  spawnSync('sync')
  await setTimeout(2100)
}

const ENTRIES = 100_000
/** A ratio needs no more. */
const QUICK_ENTRIES = 20_000

/** A directory of many entries that rows share, with each program's torrents of it. */
class Entries {
  constructor({ programs, root, isQuick }) {
    Object.assign(this, {
      programs,
      count: isQuick ? QUICK_ENTRIES : ENTRIES,
      source: join(root, 'entries', 'source'),
      root: join(root, 'entries'),
    })
  }

  async plant() {
    if (existsSync(this.source)) return
    mkdirSync(this.source, { recursive: true })
    for (let i = 0; i < this.count; i++)
      writeFileSync(join(this.source, `entry-${i}`), `content ${i}`)
    for (const who of ['before', 'now']) mkdirSync(this.torrents(who))
    await settle()
  }

  torrents(who) {
    return join(this.root, who)
  }

  complete(who) {
    return run([...completeArgs(this.programs[who], this.source, this.torrents(who)), '--quiet'])
  }
}

function completeArgs(program, source, target) {
  const places = [
    '--target',
    target,
    '--cache-dir',
    `${target}-cache`,
    '--state-dir',
    `${target}-state`,
  ]
  return [process.execPath, program, 'completedir', tracker, source, ...places]
}

const firstRun = {
  name: 'completedir, first run over many entries',
  figures: [{ key: 'seconds', unit: 's', limit: 2.5, beside: COPY }],
  turns: 1,
  quickTurns: 1,
  async prepare(places) {
    const entries = new Entries(places)
    await entries.plant()
    // The torrents of the run before are those that are copied
    const copied = { seconds: 0 }
    return {
      isFirst: true,
      reference: () => copied,
      run(who) {
        const taken = entries.complete(who)
        const copy = join(entries.root, 'copy')
        const script = 'cp -r "$0" "$1" && sync'
        Object.assign(copied, run(['sh', '-c', script, entries.torrents(who), copy]))
        rmSync(copy, { recursive: true })
        return taken
      },
    }
  },
}

const unchanged = {
  name: 'completedir of many entries, nothing changed',
  figures: [
    { key: 'seconds', unit: 's', limit: 2.5, beside: FIND, isOfLarge: true },
    { key: 'memory', unit: 'MiB', limit: 100, what: 'memory' },
  ],
  ...TURNS,
  async prepare(places) {
    const entries = new Entries(places)
    await entries.plant()
    for (const who of ['before', 'now']) entries.complete(who)
    await settle()
    return {
      reference: () => run(['find', entries.source, '-printf', '%s %T@ %i\n']),
      run: (who) => entries.complete(who),
    }
  },
}

const changed = {
  name: 'completedir, one file changed of 100',
  figures: [{ key: 'seconds', unit: 's', limit: 2.2, beside: 'that file' }],
  turns: 5,
  quickTurns: 3,
  async prepare({ programs, scratch, isQuick }) {
    const mib = isQuick ? 10 : 100
    const source = makeScratch({ inMemory: true })
    mkdirSync(join(source, 'release'))
    for (let i = 0; i < 100; i++) plantFile(join(source, 'release', `file-${i}`), mib)
    const file = join(source, 'release', 'file-50')
    const complete = (who) => {
      mkdirSync(join(scratch, who), { recursive: true })
      return run([...completeArgs(programs[who], source, join(scratch, who)), '--quiet'])
    }
    await settle()
    for (const who of ['before', 'now']) complete(who)
    const alone = ['makemetafile', file, tracker, '--force', '--no-cache', '--quiet', '--target']
    const torrent = join(scratch, 'alone.torrent')
    const pieces = ['--piece-size-pow2', 'auto']
    return {
      reference: () => run([process.execPath, programs.now, ...alone, torrent, ...pieces]),
      async run(who) {
        rmSync(file)
        plantFile(file, mib)
        await settle()
        return complete(who)
      },
      end: () => rmSync(source, { recursive: true }),
    }
  },
}

const hashing = {
  name: 'makemetafile, a large file in memory',
  figures: [{ key: 'seconds', unit: 's' }],
  ...TURNS,
  prepare({ programs, scratch, isQuick }) {
    const memory = makeScratch({ inMemory: true })
    plantFile(join(memory, 'data'), isQuick ? 1024 : 4096)
    const args = [
      'makemetafile',
      join(memory, 'data'),
      tracker,
      '--no-cache',
      '--quiet',
      '--target',
    ]
    return {
      run: (who) => run([process.execPath, programs[who], ...args, join(scratch, 'x.torrent')]),
      end: () => rmSync(memory, { recursive: true }),
    }
  },
}

const smallFiles = {
  name: 'makemetafile, many files of 2 KB',
  figures: [
    { key: 'rate', unit: 'a second', limit: 5, beside: 'mktorrent', isMore: true, isOfLarge: true },
  ],
  turns: 3,
  quickTurns: 3,
  missing: () => (hasProgram('mktorrent') ? undefined : 'mktorrent is not installed'),
  prepare({ programs, scratch, isQuick }) {
    const count = isQuick ? 20_000 : 100_000
    const tree = join(scratch, 'tree')
    for (let i = 0; i < count; i++) {
      const directory = join(tree, `d${i % 100}`)
      if (i < 100) mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, `file${i}`), randomBytes(2048))
    }
    const torrent = join(scratch, 'x.torrent')
    const rated = (command) => {
      rmSync(torrent, { force: true })
      return { rate: count / run(command).seconds }
    }
    const options = ['--piece-size-pow2', '18', '--no-cache', '--quiet', '--target', torrent]
    return {
      reference: () => rated(['mktorrent', '-l', '18', '-a', tracker, '-o', torrent, tree]),
      run: (who) =>
        rated([process.execPath, programs[who], 'makemetafile', tree, tracker, ...options]),
    }
  },
}

const reannounce = {
  name: 'reannounce of many torrents',
  figures: [{ key: 'seconds', unit: 's', limit: 4, beside: COPY }],
  turns: 5,
  quickTurns: 3,
  prepare({ programs, scratch, isQuick }) {
    const names = Array.from({ length: isQuick ? 5000 : 10_000 }, (_, i) => `${i}.torrent`)
    mkdirSync(join(scratch, 'torrents'))
    for (const name of names) writeFileSync(join(scratch, 'torrents', name), torrentOf(name))
    let turn = 0
    const copyFor = (who) => join(scratch, `${who}-${turn}`)
    const copy = (who) => {
      const places = [join(scratch, 'torrents'), copyFor(who)]
      return run(['sh', '-c', 'cp -r "$0" "$1" && sync', ...places])
    }
    return {
      reference() {
        turn++
        copy('before')
        return copy('now')
      },
      run(who) {
        const list = join(scratch, 'list')
        writeFileSync(list, names.map((name) => join(copyFor(who), name)).join('\n'))
        const args = ['reannounce', 'http://new.example/announce', '--quiet', '--files-from', list]
        return run([process.execPath, programs[who], ...args])
      },
    }
  },
}

/** The digests are what makes a torrent large. */
function torrentOf(name) {
  const pieces = randomBytes(50_000)
  const size = (pieces.length / 20) * 2 ** 18
  const head = `d8:announce20:http://t.example/ann4:infod6:lengthi${size}e4:name`
  const info = `${name.length}:${name}12:piece lengthi${2 ** 18}e6:pieces${pieces.length}:`
  return Buffer.concat([Buffer.from(head + info), pieces, Buffer.from('ee')])
}

/** A start is that of a command which has next to nothing to do. */
function start(name, limit, argsOf) {
  return {
    name: `start of ${name}`,
    figures: [{ key: 'seconds', unit: 's', limit, beside: NODE }],
    turns: 25,
    quickTurns: 15,
    async prepare({ programs, scratch }) {
      const source = join(scratch, 'source')
      mkdirSync(source)
      writeFileSync(join(source, 'entry'), 'small')
      await settle()
      const places = (who) => {
        const target = join(scratch, who)
        mkdirSync(target, { recursive: true })
        return {
          source,
          target,
          env: { BTKIT_CACHE_DIR: `${target}-cache`, BTKIT_STATE_DIR: `${target}-state` },
        }
      }
      for (const who of ['before', 'now']) {
        const { target, env } = places(who)
        const complete = ['completedir', tracker, source, '--target', target, '--quiet']
        run([process.execPath, programs[who], ...complete], env)
      }
      await settle()
      return {
        reference: () => run([process.execPath, '-e', '0']),
        run(who) {
          const { target, env } = places(who)
          return run([process.execPath, programs[who], ...argsOf({ source, target })], env)
        },
      }
    },
  }
}

const siege = {
  name: 'serve under siege',
  figures: [
    { key: 'latency', unit: 'ms', limit: 150, what: '99th percentile of honest requests' },
    { key: 'memory', unit: 'MiB', limit: 400, what: 'memory' },
  ],
  turns: 2,
  quickTurns: 1,
  prepare({ programs, isQuick }) {
    return {
      isFirst: true,
      run(who) {
        const env = { ...process.env, BTKIT_BENCH_PROGRAM: programs[who] }
        const args = [SIEGE, '--seconds', isQuick ? '20' : '60']
        const { stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
        const figure = (what) => Number(new RegExp(`\\| ${what}[^|]*\\| (\\S+)`).exec(stdout)?.[1])
        return { latency: figure('99th percentile'), memory: figure('peak memory') }
      },
    }
  },
}

export const ROWS = [
  hashing,
  smallFiles,
  firstRun,
  unchanged,
  changed,
  reannounce,
  start('--version', 1.4, () => ['--version']),
  start('showmetainfo', 1.6, ({ target }) => ['showmetainfo', join(target, 'entry.torrent')]),
  start('completedir of one entry', 2, ({ source, target }) => {
    return ['completedir', tracker, source, '--target', target, '--quiet']
  }),
  ...SERVER_ROWS,
  siege,
]
