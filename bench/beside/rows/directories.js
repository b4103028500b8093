// Rows of many torrents: directories that are kept up to date, edits and checks.
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeScratch, plantFile, removeScratch, run, tracker } from '../../support.js'
import { settle } from '../places.js'
import { startBare, stop } from '../programs.js'
import { makeArgs, MEMORY, SECONDS, torrentIn } from './hashing.js'

const COPY = 'cp and sync'

const copy = (from, to) => run(['sh', '-c', 'cp -r "$0" "$1" && sync', from, to])

/** A directory of many entries that rows share, and where each build has its torrents of it. */
async function plantEntries(places) {
  const count = places.isQuick ? 20_000 : 100_000
  const plant = (root) => {
    for (const name of ['source', ...places.builds]) mkdirSync(join(root, name))
    for (let i = 0; i < count; i++) writeFileSync(join(root, `source/entry-${i}`), `content ${i}`)
  }
  const root = await places.shared('entries', plant, { inMemory: false })
  const run = (who) => places.run(who, completeArgs(join(root, 'source'), join(root, who)))
  return { root, complete: run }
}

function completeArgs(source, target) {
  return ['completedir', tracker, source, '--target', target, '--quiet']
}

const firstRun = {
  name: 'completedir, first run over many entries',
  figures: [{ ...SECONDS, limit: 4, beside: COPY }, MEMORY],
  turns: 1,
  quickTurns: 1,
  async prepare(places) {
    const { root, complete } = await plantEntries(places)
    // The torrents of the run before are those that are copied
    const copied = {}
    return {
      isFirst: true,
      reference: () => copied,
      run(who) {
        const taken = complete(who)
        Object.assign(copied, copy(join(root, who), join(root, `copy-${who}`)))
        return taken
      },
    }
  },
}

const unchanged = {
  name: 'completedir of many entries, nothing changed',
  figures: [
    { ...SECONDS, limit: 1.7, beside: 'find', isOfLarge: true },
    { ...MEMORY, limit: 100 },
  ],
  async prepare(places) {
    const { root, complete } = await plantEntries(places)
    for (const who of places.builds) complete(who)
    await settle()
    return {
      reference: () => listWithFind(join(root, 'source')),
      run: complete,
    }
  },
}

const FILES_OF_ONE = 5

/**
 * Directories of files that rows share: of one each for trees, of five for entries, and as many
 * files of the same bytes in one directory.
 */
async function plantDirectories(places) {
  const count = places.isQuick ? 2000 : 20_000
  const text = (i) => `content ${i} `.repeat(300)
  const plant = (root) => {
    for (const name of ['tree', 'flat', 'entries', 'joined']) mkdirSync(join(root, name))
    for (let i = 0; i < count; i++) {
      mkdirSync(join(root, `tree/${i}`))
      writeFileSync(join(root, `tree/${i}/file`), text(i))
      writeFileSync(join(root, `flat/${i}`), text(i))
      const parts = Array.from({ length: FILES_OF_ONE }, (_, part) => text(i + part))
      mkdirSync(join(root, `entries/${i}`))
      for (const [part, each] of parts.entries())
        writeFileSync(join(root, `entries/${i}/${part}`), each)
      writeFileSync(join(root, `joined/${i}`), parts.join(''))
    }
  }
  return places.shared('directories', plant, { inMemory: false })
}

function listWithFind(source) {
  return run(['find', source, '-printf', '%s %T@ %i\n'])
}

/** A run over directories in which nothing changed, beside find. */
function unchangedDirectories(name, { source, limit, options }) {
  return {
    name,
    figures: [{ ...SECONDS, limit, beside: 'find', isOfLarge: true }, MEMORY],
    async prepare(places) {
      const from = join(await plantDirectories(places), source)
      const complete = (who) =>
        places.run(who, [...completeArgs(from, places.at(`${who}-torrents`)), ...options])
      for (const who of places.builds) complete(who)
      await settle()
      return { reference: () => listWithFind(from), run: complete }
    },
  }
}

/** A first run over directories, beside one over files. */
function firstOfDirectories(name, { source, files, limit, options }) {
  return {
    name,
    figures: [{ key: 'cpu', unit: 's of the processor', limit, beside: 'files in a directory' }],
    quickTurns: 1,
    async prepare(places) {
      const root = await plantDirectories(places)
      let turn = 0
      const complete = (who, what, more) => {
        const at = places.at(`turn-${turn++}`)
        const env = { BTKIT_CACHE_DIR: join(at, 'cache'), BTKIT_STATE_DIR: join(at, 'state') }
        // Nothing is removed: ext4 makes files slowly for minutes after it removed thousands
        const target = places.at(`turn-${turn}/torrents`)
        return places.run(who, [...completeArgs(join(root, what), target), ...more], env)
      }
      return {
        reference: () => complete('now', files, []),
        run: (who) => complete(who, source, options),
      }
    },
  }
}

const TREE = { source: 'tree', options: ['--recursive'] }
const ENTRIES = { source: 'entries', options: [] }

const changed = {
  name: 'completedir, one file changed of 100',
  figures: [{ ...SECONDS, limit: 2, beside: 'that file' }],
  async prepare(places) {
    const mib = places.isQuick ? 10 : 100
    const source = makeScratch({ inMemory: true })
    mkdirSync(join(source, 'release'))
    for (let i = 0; i < 100; i++) plantFile(join(source, 'release', `file-${i}`), mib)
    const file = join(source, 'release/file-50')
    const complete = (who) => places.run(who, completeArgs(source, places.at(who)))
    await settle()
    for (const who of places.builds) complete(who)
    const alone = makeArgs(places, file, '--no-cache', '--piece-size-pow2', 'auto')
    return {
      reference: () => places.run('now', alone),
      async run(who) {
        rmSync(file)
        plantFile(file, mib)
        await settle()
        return complete(who)
      },
      end: () => removeScratch(source),
    }
  },
}

const reannounce = {
  name: 'reannounce of many torrents',
  figures: [{ ...SECONDS, limit: 4, beside: COPY }],
  prepare(places) {
    const names = Array.from({ length: places.isQuick ? 5000 : 10_000 }, (_, i) => `${i}.torrent`)
    const torrents = places.at('torrents')
    for (const name of names) writeFileSync(join(torrents, name), torrentBytes(name))
    let turn = 0
    const copyFor = (who) => join(places.scratch, `${who}-${turn}`)
    return {
      reference() {
        turn++
        return places.builds.map((who) => copy(torrents, copyFor(who))).at(-1)
      },
      run(who) {
        const list = join(places.scratch, 'list')
        writeFileSync(list, names.map((name) => join(copyFor(who), name)).join('\n'))
        const args = ['reannounce', 'http://new.example/announce', '--quiet']
        return places.run(who, [...args, '--files-from', list])
      },
    }
  },
}

/** The digests are what makes a torrent large. */
function torrentBytes(name) {
  const pieces = randomBytes(50_000)
  const head = `d8:announce20:http://t.example/ann4:infod6:lengthi${2500 * 2 ** 18}e4:name`
  const info = `${name.length}:${name}12:piece lengthi${2 ** 18}e6:pieces${pieces.length}:`
  return Buffer.concat([Buffer.from(head + info), pieces, Buffer.from('ee')])
}

/** Plants files of 40,005 bytes with a torrent each, and returns the directories of both. */
async function plantVerified(places) {
  const count = places.isQuick ? 2000 : 10_000
  const root = await places.shared('files', (at) => {
    for (const part of ['data', 'torrents']) mkdirSync(join(at, part))
    for (let i = 0; i < count; i++) writeFileSync(join(at, `data/${i}`), randomBytes(40_005))
  })
  const [data, torrents] = ['data', 'torrents'].map((part) => join(root, part))
  for (const who of places.builds) places.run(who, completeArgs(data, torrents))
  return { count, data, args: ['verify', '--quiet', torrents, '--data'] }
}

function verify(...options) {
  return {
    name: `${['verify', ...options].join(' ')} of many torrents`,
    figures: [{ key: 'cpu', unit: 's of the processor', beside: 'sha1sum of the files' }],
    async prepare(places) {
      const { data, args } = await plantVerified(places)
      return {
        reference: () => run(['sh', '-c', 'cd "$0" && ls | xargs sha1sum', data]),
        run: (who) => places.run(who, [...args, data, ...options]),
      }
    },
  }
}

const lacking = {
  name: 'verify of many torrents, of which a tenth lacks its data',
  figures: [{ key: 'cpu', unit: 's of the processor', limit: 1.5, beside: 'all there' }],
  async prepare(places) {
    const { count, data, args } = await plantVerified(places)
    const partly = join(places.scratch, 'data')
    cpSync(data, partly, { recursive: true })
    for (let i = 0; i < count; i += 10) rmSync(join(partly, `${i}`))
    // The status of what is missing is 1
    const check = (who) => [
      'sh',
      '-c',
      '"$0" "$@"; [ $? = 1 ]',
      ...places.command(who, args),
      partly,
    ]
    return {
      reference: () => places.run('now', [...args, data]),
      run: (who) => run(check(who), { env: places.envOf(who) }),
    }
  },
}

/** A row that looks for files of one size, which all have other names now. */
function renamedFiles({ name, count, limit, torrentsOf }) {
  const beside = 'find and sha1sum'
  return {
    name: `find of renamed files, ${name}`,
    figures: [{ key: 'cpu', unit: 's of the processor', limit, beside, isOfLarge: true }],
    prepare(places) {
      const data = places.at('release')
      const files = Array.from({ length: places.isQuick ? count / 4 : count }, (_, i) => `${i}`)
      for (const file of files) writeFileSync(join(data, file), randomBytes(40_000))
      const torrents = torrentsOf(places, data)
      for (const [i, file] of files.entries())
        renameSync(join(data, file), join(data, `x${(i * 1009) % count}`))
      // Not all files of a directory are found, which is status 1
      const args = ['sh', '-c', '"$0" "$@"; [ $? -le 1 ]']
      const hash = 'find "$0" -type f -print0 | xargs -0 sha1sum'
      return {
        reference: () => run(['sh', '-c', hash, data]),
        run(who) {
          const command = places.command(who, ['find', torrents, '--in', data])
          return run([...args, ...command], { env: places.envOf(who) })
        },
      }
    },
  }
}

const findFiles = renamedFiles({
  name: 'a torrent each',
  count: 12_000,
  limit: 4,
  torrentsOf(places, data) {
    const torrents = places.at('torrents')
    places.run('now', completeArgs(data, torrents))
    return torrents
  },
})

const findDirectory = renamedFiles({
  name: 'one torrent of all',
  count: 3000,
  limit: 8,
  torrentsOf(places, data) {
    places.run('now', makeArgs(places, data, '--no-cache', '--piece-size-pow2', '14'))
    return torrentIn(places)
  },
})

/** Fetches and parses what `status` asks a client for: its version, and its list. */
const FETCH = `
  const [url] = process.argv.slice(1)
  for (const method of ['session-get', 'torrent-get']) {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ method }) })
    JSON.parse(await answer.text())
  }`

const status = {
  name: 'status of many torrents, of which half have a tracker that fails',
  figures: [{ key: 'cpu', unit: 's of the processor', limit: 2, beside: 'fetch and JSON.parse' }],
  async prepare(places) {
    const [at, count] = [places.at('answer'), places.isQuick ? 8000 : 16_000]
    const torrents = Array.from({ length: count }, (_, i) => clientTorrent(i))
    const body = { version: '3.00', 'rpc-version': 16, torrents }
    writeFileSync(join(at, 'body'), JSON.stringify({ result: 'success', arguments: body }))
    writeFileSync(join(at, 'body.json'), '{"content-type":"application/json"}')
    const server = await startBare(at)
    const place = `http://127.0.0.1:${server.port}`
    const check = (who) => {
      const args = ['status', '--client', `transmission+${place}`]
      return ['sh', '-c', '"$0" "$@"; [ $? = 1 ]', ...places.command(who, args)]
    }
    return {
      reference: () => run([process.execPath, '--input-type=module', '--eval', FETCH, place]),
      run: (who) => run(check(who), { env: places.envOf(who) }),
      end: () => stop(server),
    }
  },
}

/** A torrent in Transmission's list. Every second one has a tracker that fails. */
function clientTorrent(i) {
  const isLost = i % 2 === 1
  return {
    hashString: randomBytes(20).toString('hex'),
    name: `release-${i}-amd64-netinst.iso`,
    downloadDir: '/srv',
    labels: ['btkit'],
    status: 6,
    error: isLost ? 2 : 0,
    errorString: isLost ? 'Connection failed' : '',
    sizeWhenDone: 1,
    leftUntilDone: 0,
    peersConnected: 0,
    rateUpload: 0,
    rateDownload: 0,
    uploadRatio: 0,
  }
}

export const ROWS = [
  firstRun,
  unchanged,
  unchangedDirectories('completedir of a tree of directories, nothing changed', {
    ...TREE,
    limit: 5,
  }),
  firstOfDirectories('completedir of a tree of directories, first run', {
    ...TREE,
    files: 'flat',
    limit: 1.5,
  }),
  unchangedDirectories('completedir of many entries of 5 files, nothing changed', {
    ...ENTRIES,
    limit: 4,
  }),
  firstOfDirectories('completedir of many entries of 5 files, first run', {
    ...ENTRIES,
    files: 'joined',
    limit: 1.3,
  }),
  changed,
  reannounce,
  verify(),
  verify('--trust-cache'),
  lacking,
  findFiles,
  findDirectory,
  status,
]
