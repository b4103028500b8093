import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ask } from '../../mirror/ask.js'
import { startServe } from '../../mirror/hostile/process.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { runExecutable } from '../../support/executable.js'
import { type SpawnOptions, projectRoot } from '../../support/programs.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { makeScratch } from '../../support/scratch.js'
import {
  makeOpenScratch,
  makeOwnScratch,
  unlessAlwaysPermitted,
  unprivileged,
} from '../../support/unprivileged.js'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** For tests with writers. */
const needsPython = {
  skip: spawnSync('python3', ['-c', '']).status !== 0 && 'python3 is not installed',
}

/** Writers whose changes the times of files show. */
const PLAIN: readonly WriterKind[] = [
  'appending',
  'copying',
  'descriptor',
  'direct',
  'exchanging',
  'punching',
  'replacing',
  'resetting',
  'resizing',
  'slow',
  'truncating',
]

const FILES_A_KIND = 32
const FILE_SIZE = 65536

/** Longer than what changed counts as just changed, in milliseconds. */
const LONG_AGO = 2100

/** Longer than what was seen of files counts, in milliseconds. */
const LATER = 1100

interface Setup {
  readonly kinds: readonly WriterKind[]
  readonly changes: number
  readonly options?: SpawnOptions
}

test('no torrent is wrong for long after 10,000 changes in all ways', needsPython, async (t) => {
  await checkChanges(t, { kinds: PLAIN, changes: 10_000 })
})

test('nor if another user owns the files', unlessAlwaysPermitted, async (t) => {
  await checkChanges(t, { kinds: PLAIN, changes: 2_000, options: unprivileged })
})

/**
 * Changes files in rounds, while clients ask for their torrents and completedir reads them too.
 * After each, all torrents must be right; and in the end after a restart, and those of completedir.
 */
async function checkChanges(t: TestContext, { kinds, changes, options }: Setup): Promise<void> {
  const started: Writers[] = []
  // Before their files are removed, which waits for writes that are under way
  t.after(() => Promise.all(started.map((writers) => writers.end())))
  const written = plantFiles(t, kinds)
  const cacheDir = makeOwnScratch(t, options ?? {})
  const target = makeOpenScratch(t)
  const args = ['--cache-dir', cacheDir]
  const complete = () => {
    const places = [join(written.root, 'pub'), '--target', target, '--cache-dir', cacheDir]
    const rest = ['--piece-size-pow2', '20', '--quiet']
    const env = { BTKIT_STATE_DIR: `${cacheDir}/state` }
    return runExecutable('btkit', ['completedir', 'http://t.example/', ...places, ...rest], {
      ...options,
      env,
    })
  }
  const service = await startServe(t, written.root, { args, ...options })
  const rounds = Math.ceil(changes / written.files.length)
  for (let round = 1; round <= rounds; round++) {
    const writers = new Writers(written.files)
    started.push(writers)
    await changeAll(writers, written, { port: service.port, complete })
    await checkServed(written.paths, service.port, `round ${round}`)
  }
  await service.stop()
  const again = await startServe(t, written.root, { args, ...options })
  await checkServed(written.paths, again.port, 'after a restart')
  const { status, stderr } = await complete()
  assert.deepEqual([status, stderr], [0, ''])
  for (const path of written.paths) {
    const torrent = readFileSync(join(target, `${path.slice(written.root.length + 5)}.torrent`))
    assert.equal(piecesIn(torrent), piecesOf(path), `${path} by completedir`)
  }
  t.diagnostic(`${rounds * written.files.length} changes in ${rounds} rounds`)
}

interface WrittenFiles {
  readonly root: string
  readonly files: readonly (readonly [kind: WriterKind, path: string])[]
  /** The paths of these files and of their twins. */
  readonly paths: readonly string[]
}

function plantFiles(t: TestContext, kinds: readonly WriterKind[]): WrittenFiles {
  const names = kinds.flatMap((kind) => {
    return Array.from({ length: FILES_A_KIND }, (_, i) => [kind, `pub/${kind}${i}`] as const)
  })
  const twins = names.filter(([kind]) => kind === 'exchanging').map(([, name]) => `${name}.twin`)
  const all = [...names.map(([, name]) => name), ...twins]
  const content = (seed: number) => pseudoRandom(FILE_SIZE, seed)
  const root = makeScratch(t, Object.fromEntries(all.map((name, i) => [name, content(i)])))
  chmodSync(root, 0o755)
  const files = names.map(([kind, name]) => [kind, join(root, name)] as const)
  return { root, files, paths: all.map((name) => join(root, name)) }
}

/** The readers that run while files are written. */
interface Readers {
  readonly port: number
  readonly complete: () => Promise<unknown>
}

/** Has each file written to once, with a pause in the middle. */
async function changeAll(
  writers: Writers,
  { paths, root }: WrittenFiles,
  { port, complete }: Readers,
): Promise<void> {
  for (let step = 0; step < 2; step++) await writers.step()
  const asking = new AbortController()
  const asked = askAllTheTime(paths, root, { port, signal: asking.signal })
  await setTimeout(LONG_AGO)
  await complete()
  for (let step = 0; step < 3; step++) await writers.step()
  asking.abort()
  await asked
  await writers.end()
  await setTimeout(LATER)
}

const LANES = 16

async function askAllTheTime(
  paths: readonly string[],
  root: string,
  { port, signal }: { readonly port: number; readonly signal: AbortSignal },
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: LANES })
  const runLane = async (lane: number) => {
    for (let i = lane; !signal.aborted; i += LANES) {
      await ask(port, addressOf(paths[i % paths.length] ?? '', root), { agent })
    }
  }
  await Promise.all(Array.from({ length: LANES }, (_, lane) => runLane(lane)))
  agent.destroy()
}

async function checkServed(paths: readonly string[], port: number, when: string): Promise<void> {
  const root = paths[0]?.slice(0, paths[0].indexOf('/pub/')) ?? ''
  const waiting = paths.values()
  const runLane = async () => {
    for (const path of waiting) {
      const torrent = await obtain(port, addressOf(path, root))
      assert.equal(piecesIn(torrent), piecesOf(path), `${path} ${when}`)
    }
  }
  await Promise.all(Array.from({ length: LANES }, runLane))
}

/** A torrent, as soon as it is ready. */
async function obtain(port: number, address: string): Promise<Buffer> {
  for (;;) {
    const { status, body } = await ask(port, address)
    if (status === 200) return body
    assert.equal(status, 503, body.toString())
    await setTimeout(100)
  }
}

function addressOf(path: string, root: string): string {
  return `/pub/torrent_service/single${path.slice(root.length)}`
}

/** The digests of a file of one piece at most, as torrents say it. */
function piecesOf(path: string): string {
  return createHash('sha1').update(readFileSync(path)).digest('hex')
}

function piecesIn(torrent: Uint8Array): unknown {
  return decodeTorrent(torrent).info['pieces']
}

/** Kinds of writers: functions of writers.py, which says what their steps are. */
type WriterKind =
  | 'appending'
  | 'copying'
  | 'descriptor'
  | 'direct'
  | 'exchanging'
  | 'punching'
  | 'replacing'
  | 'resetting'
  | 'resizing'
  | 'slow'
  | 'truncating'

/** A process that writes to files on request. */
class Writers {
  readonly #process: ChildProcess
  readonly #answers: AsyncIterator<string>

  constructor(files: readonly (readonly [kind: WriterKind, path: string])[]) {
    const script = join(projectRoot, 'test/support/writers.py')
    this.#process = spawn('python3', [script, ...files.flat()], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    if (!this.#process.stdout) throw new Error('no standard output')
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]()
  }

  /** Has each do its next step, and resolves when all are done. */
  async step(): Promise<void> {
    this.#process.stdin?.write('\n')
    const { done } = await this.#answers.next()
    if (done) throw new Error('the writers have ended')
  }

  /** Ends the process, wherever it is. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode !== null || signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}
