import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isTemporaryName } from '../../src/disk/write/temporary-files.js'
import { letFilesSettle } from '../support/aged.js'
import { decodeTorrent, independentInfoHash } from '../support/decode-torrent.js'
import { runExecutable, startCollecting } from '../support/executable.js'
import { entriesOf, Mirror, type Report } from '../support/mirror.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { random } from '../support/random.js'
import { makeScratch, plantFiles } from '../support/scratch.js'
import { singleFileInfo, torrentOf, TRACKER } from '../support/torrents.js'

const OTHER = 'http://other.example/announce'
const NAMES = Array.from({ length: 150 }, (_, i) => `e${i}`)
/** Entries with torrents of somebody else, and entries whose torrents were edited. */
const FOREIGN = NAMES.slice(20, 40).sort()
const EDITED = NAMES.slice(100, 120)

/** A command that is killed again and again. */
interface Victim {
  /** Changes what the command finds, and returns its arguments. */
  readonly change: (round: number) => readonly string[]
  /** Checks what a killed run left, and which lines it had printed. */
  readonly check: (round: number, printed: number) => void
  /** Checks the run that follows, which ends by itself. */
  readonly finish: (stdout: string, round: number) => Promise<void> | void
  readonly end?: () => Promise<void>
}

const VICTIMS: Record<string, (t: TestContext) => Promise<Victim> | Victim> = {
  'completedir: torrents are whole, none of others is lost, edits stay': async (t) => {
    const mirror = await plantMirror(t)
    await make(mirror, ['--private', ...FOREIGN.map((name) => mirror.at(name))])
    const foreign = FOREIGN.map((name) => readFileSync(mirror.torrent(name)))
    return {
      change: (round) => {
        for (const name of ['e100', 'e110']) appendFileSync(mirror.at(name), `${round}`)
        // Now and then a first run
        const ours = NAMES.slice(40, 100).map((name) => mirror.torrent(name))
        if (round % 5 === 4) for (const torrent of ours) rmSync(torrent, { force: true })
        return mirror.args(['--json', '--comment', `${round}`])
      },
      check: (round) => {
        for (const name of mirror.list().filter((each) => !each.startsWith('.'))) {
          const { comment, info } = decodeTorrent(readFileSync(join(mirror.target, name)))
          const isForeign = FOREIGN.includes(name.replace('.torrent', ''))
          const known: unknown[] = isForeign ? [undefined] : [`${round - 1}`, `${round}`]
          assert.ok(known.includes(comment), `${name} is of ${String(comment)}`)
          assert.equal(`${String(info['name'])}.torrent`, name)
        }
      },
      finish: async (stdout, round) => {
        const { skipped, failed } = JSON.parse(stdout) as Report
        assert.deepEqual([entriesOf(skipped), failed], [FOREIGN, []])
        assert.deepEqual(mirror.list(), NAMES.map((name) => `${name}.torrent`).sort())
        for (const [i, name] of FOREIGN.entries()) {
          assert.deepEqual(readFileSync(mirror.torrent(name)), foreign[i])
        }
        const torrents = EDITED.map((name) => mirror.torrent(name))
        if (round === 0) await runExecutable('btkit', ['reannounce', OTHER, ...torrents])
        for (const torrent of torrents) {
          const { announce, comment } = decodeTorrent(readFileSync(torrent))
          assert.deepEqual([announce, comment], [OTHER, `${round}`])
        }
      },
      end: async () => {
        await runExecutable('btkit', mirror.args(['--force', '--quiet']))
        await mirror.checkAgainstFresh()
      },
    }
  },
  'completedir --prune: torrents with a source stay, and those of others': async (t) => {
    const mirror = await plantMirror(t)
    const foreign = ['x0.torrent', 'x1.torrent']
    for (const name of foreign) writeFileSync(join(mirror.target, name), `of others: ${name}`)
    const goneIn = (round: number) => NAMES.filter((_, i) => round > 0 && i % 3 === round % 3)
    const keptIn = (round: number) => NAMES.filter((name) => !goneIn(round).includes(name))
    return {
      change: (round) => {
        plant(mirror, goneIn(round - 1))
        for (const name of goneIn(round)) rmSync(mirror.at(name))
        return mirror.args(['--prune', '--json'])
      },
      check: (round) => {
        const left = mirror.list()
        const had = keptIn(round).filter((name) => round === 1 || !goneIn(round - 1).includes(name))
        for (const name of had) assert.ok(left.includes(`${name}.torrent`), `${name} is lost`)
      },
      finish: (stdout, round) => {
        assert.deepEqual((JSON.parse(stdout) as Report).failed, [])
        const kept = keptIn(round).map((name) => `${name}.torrent`)
        assert.deepEqual(mirror.list(), [...kept, ...foreign].sort())
        for (const name of foreign) {
          assert.equal(readFileSync(join(mirror.target, name), 'utf8'), `of others: ${name}`)
        }
      },
    }
  },
  'completedir --recursive: torrents of a tree are whole, and all are known': async (t) => {
    const placeOf = (name: string) => `d${Number(name.slice(1)) % 50}/${name}`
    const mirror = new Mirror(t)
    for (let i = 0; i < 50; i++) mkdirSync(mirror.at(`d${i}`))
    for (const name of NAMES) plantAt(mirror.at(placeOf(name)), name)
    await letFilesSettle()
    const commentOf = (name: string): unknown =>
      decodeTorrent(readFileSync(mirror.torrent(placeOf(name))))['comment']
    return {
      change: (round) => {
        for (const name of NAMES.slice(0, 30))
          rmSync(mirror.torrent(placeOf(name)), { force: true })
        for (const name of ['e100', 'e110']) appendFileSync(mirror.at(placeOf(name)), `${round}`)
        return mirror.args(['--recursive', '--json', '--comment', `${round}`])
      },
      check: (round) => {
        for (const name of NAMES.slice(30))
          assert.ok([`${round - 1}`, `${round}`].includes(String(commentOf(name))), name)
      },
      finish: (stdout, round) => {
        const { skipped, failed } = JSON.parse(stdout) as Report
        assert.deepEqual([skipped, failed], [[], []])
        assert.deepEqual([...new Set(NAMES.map(commentOf))], [`${round}`])
        const left = NAMES.flatMap((name) => readdirSync(dirname(mirror.torrent(placeOf(name)))))
        assert.deepEqual(left.filter(isTemporaryName), [])
      },
    }
  },
  'completedir --adopt: info hashes stay': async (t) => {
    const mirror = await plantMirror(t)
    const pieces = ['--piece-size-pow2', '14']
    await make(mirror, [...pieces, '-a', OTHER, ...NAMES.map((name) => mirror.at(name))])
    const torrents = NAMES.map((name) => readFileSync(mirror.torrent(name)))
    const hashes = torrents.map(independentInfoHash)
    const hashesNow = () => NAMES.map((name) => infoHashAt(mirror.torrent(name)))
    return {
      change: () => {
        rmSync(mirror.state, { recursive: true, force: true })
        for (const [i, name] of NAMES.entries()) {
          writeFileSync(mirror.torrent(name), torrents[i] ?? '')
        }
        return mirror.args(['--adopt', '--json'])
      },
      check: () => {
        assert.deepEqual(hashesNow(), hashes)
      },
      finish: (stdout) => {
        const { skipped, failed } = JSON.parse(stdout) as Report
        assert.deepEqual([skipped, failed, hashesNow()], [[], [], hashes])
        for (const name of NAMES) {
          const { announce } = decodeTorrent(readFileSync(mirror.torrent(name)))
          assert.equal(announce, TRACKER)
        }
      },
    }
  },
  'reannounce: each torrent is old or new, and those reported are new': (t) => {
    const root = makeScratch(t)
    const names = Array.from({ length: 1500 }, (_, i) => `${i}.torrent`)
    const announceOf = (round: number) => `http://${round}.example/announce`
    const contentOf = (name: string, round: number) => {
      const info = singleFileInfo({ name, filler: Buffer.alloc(4000, 'x') })
      return Buffer.from(torrentOf(info, { announce: announceOf(round) }))
    }
    plantFiles(root, Object.fromEntries(names.map((name) => [name, contentOf(name, -1)])))
    const text = names.map((name) => `${join(root, name)}\0`).join('')
    const list = join(makeScratch(t, { list: text }), 'list')
    return {
      change: (round) => ['reannounce', announceOf(round), '--files-from', list],
      check: (round, printed) => {
        // Three lines for each torrent
        for (const [i, name] of names.entries()) {
          const bytes = readFileSync(join(root, name))
          const isNew = bytes.equals(contentOf(name, round))
          assert.ok(isNew || bytes.equals(contentOf(name, round - 1)), `${name} is not whole`)
          assert.ok(isNew || i >= Math.ceil(printed / 3), `${name} was reported`)
        }
        const others = readdirSync(root).filter((name) => !names.includes(name))
        assert.ok(others.every(isTemporaryName), others.join())
      },
      finish: () => {
        assert.equal(readdirSync(root).length, names.length)
      },
    }
  },
}

async function plantMirror(t: TestContext): Promise<Mirror> {
  const mirror = new Mirror(t)
  plant(mirror, NAMES)
  await letFilesSettle()
  return mirror
}

function plant(mirror: Mirror, names: readonly string[]): void {
  for (const name of names) plantAt(mirror.at(name), name)
}

function plantAt(path: string, name: string): void {
  const i = Number(name.slice(1))
  writeFileSync(path, pseudoRandom(20_000 + i * 100, i))
}

/** Makes torrents as somebody would who never heard of completedir. */
async function make(mirror: Mirror, args: readonly string[]): Promise<void> {
  const tracker = args.includes('-a') ? [] : [TRACKER]
  const rest = ['--target', mirror.target, '--quiet', '--no-cache']
  const made = await runExecutable('btkit', ['makemetafile', ...tracker, ...args, ...rest])
  assert.equal(made.status, 0, made.stderr)
}

function infoHashAt(path: string): string {
  return independentInfoHash(readFileSync(path))
}

/** Kills of one subtest: a test that reports nothing for long is taken for one that hangs. */
const TOGETHER = 10

/** Tests that kill each command so many times, at random moments. */
export function testKills(kills: number, declare = test): void {
  for (const [what, open] of Object.entries(VICTIMS)) {
    declare(`after ${kills} kills, ${what}`, async (t) => {
      const victim = await open(t)
      let whole = 0
      let killed = 0
      const kill = async (round: number) => {
        const args = victim.change(round)
        if (round > 0) {
          // The first one early, as a machine that is less busy than before is faster
          const begun = performance.now()
          const { signal, stdout } = await killAfter(whole * (round === 1 ? 0.15 : random()), args)
          if (signal === 'SIGKILL') killed++
          else whole = performance.now() - begun
          victim.check(round, stdout.split('\n').length - 1)
        }
        const started = performance.now()
        const { status, stdout, stderr } = await runExecutable('btkit', args)
        if (round === 0) whole = performance.now() - started
        assert.equal(status, 0, stderr)
        await victim.finish(stdout, round)
      }
      for (let from = 0; from <= kills; from += TOGETHER) {
        await t.test(`from kill ${from} on`, async () => {
          for (let i = from; i <= Math.min(kills, from + TOGETHER - 1); i++) await kill(i)
        })
      }
      // All may have come too late, if the first run was slow
      for (let i = kills + 1; killed === 0 && i <= kills + TOGETHER; i++) await kill(i)
      t.diagnostic(`${killed} of ${kills} kills before the end`)
      assert.ok(killed > 0)
      await victim.end?.()
    })
  }
}

/** Starts btkit, and kills it after so many milliseconds. */
export async function killAfter(ms: number, args: readonly string[]) {
  const { child, ended } = startCollecting('btkit', args)
  await setTimeout(ms)
  child.kill('SIGKILL')
  return ended
}
