// Rows of the library beside create-torrent and parse-torrent, which most programs of Node use.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { plantFile, run } from '../../support.js'
import { makeArgs, torrentIn } from './hashing.js'

/** Scripts print how often a second they do their work. */
const OURS = `
  import { makeTorrent } from 'btkit'
  const start = performance.now()
  await makeTorrent(process.argv[1], { pieceLength: 2 ** 20 })
  console.log(1000 / (performance.now() - start))`

const THEIRS = `
  import create from 'create-torrent'
  const start = performance.now()
  create(process.argv[1], { pieceLength: 2 ** 20 }, (error) => {
    if (error) throw error
    console.log(1000 / (performance.now() - start))
  })`

/** Parses a torrent until a second is over. */
const parsing = (load, name) => `
  import { readFileSync } from 'node:fs'
  import ${load}
  const bytes = readFileSync(process.argv[1])
  for (let i = 0; i < 20; i++) await ${name}(bytes)
  const start = performance.now()
  let count = 0
  for (; performance.now() - start < 1000; count++) await ${name}(bytes)
  console.log(1000 * count / (performance.now() - start))`

/** A row of scripts that are given a path, each in a process of its own. */
function scripts({ name, beside, own, other, sourceOf }) {
  return {
    name: `library, ${name}`,
    figures: [{ key: 'rate', unit: 'a second', beside, isMore: true }],
    async prepare(places) {
      const root = await places.shared('library', (at) => {
        mkdirSync(join(at, 'many'))
        for (let i = 0; i < 10_000; i++)
          writeFileSync(join(at, 'many', `${i}.txt`), Buffer.alloc(2000, `${i} `))
        plantFile(join(at, 'large'), 1024)
      })
      const source = sourceOf(places, root)
      // Node looks for packages in the directory
      const rate = (script, who) => {
        const command = [process.execPath, '--input-type=module', '--eval', script, source]
        const cwd = dirname(dirname(places.programs[who]))
        return { rate: Number(run(command, { cwd, isRead: true }).stdout) }
      }
      return { reference: () => rate(other, 'now'), run: (who) => rate(own, who) }
    },
  }
}

function making(name, part) {
  const sourceOf = (_, root) => join(root, part)
  return scripts({ name, beside: 'create-torrent', own: OURS, other: THEIRS, sourceOf })
}

function parse(name, part) {
  return scripts({
    name,
    beside: 'parse-torrent',
    own: parsing(`{ parseMetainfo } from 'btkit/metainfo'`, 'parseMetainfo'),
    other: parsing(`parse from 'parse-torrent'`, 'parse'),
    sourceOf(places, root) {
      places.run('now', makeArgs(places, join(root, part), '--piece-length', '1M'))
      return torrentIn(places)
    },
  })
}

export const ROWS = [
  making('torrent of 10,000 files of 2 KB', 'many'),
  making('torrent of a file of 1 GiB', 'large'),
  parse('a torrent of 10,000 files is parsed', 'many'),
  parse('a torrent of 1,024 pieces is parsed', 'large'),
]
