import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { collect, startExecutable } from '../../support/executable.js'
import { findPeer, unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { until } from '../../support/until.js'

/** How long a torrent may take to be seeded or let go, in milliseconds. */
export const LIMIT = 60_000

const CONTENT = pseudoRandom(300_000)

/** A directory with a file and its torrent. */
export async function plantRelease(
  t: TestContext,
  tracker = 'http://127.0.0.1:1/announce',
  ...more: readonly string[]
) {
  const directory = makeScratch(t)
  await addRelease(directory, 'one.iso', tracker, ...more)
  return directory
}

export async function addRelease(
  directory: string,
  name: string,
  ...args: readonly string[]
): Promise<void> {
  writeFileSync(join(directory, name), name + CONTENT.toString('latin1'))
  const made = await runBtkit(['makemetafile', join(directory, name), '--no-cache', ...args])
  assert.equal(made.status, 0, made.stderr)
}

/** A PATH on which no client is installed but these. */
export function pathWith(t: TestContext, ...clients: readonly string[]): string {
  const directory = makeScratch(t)
  for (const program of ['sh', 'rm', 'sleep', 'stat', ...clients]) {
    symlinkSync(findPeer(program)!, join(directory, program))
  }
  return directory
}

/** Starts the program, and returns what it says, as it says it. */
export function launch(
  t: TestContext,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) {
  const child = startExecutable('btlaunchmany', args, { env })
  const said = { text: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said.text += chunk.toString()))
  }
  const ended = collect(child)
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  return { said, stop, ended }
}

/** Processes of which an argument lies below a directory. */
export function processesOf(directory: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory)
    } catch {
      return false
    }
  })
}

export const OFTEN = ['--display_interval', '0.2', '--parse_dir_interval', '0.3']
export const OLD = ['--minport', '6881', '--maxport', '6999', '--ip', '127.0.0.1']

/** How launchmany keeps a client of its own seeding what is in a directory. */
export function testLaunching(client: string): void {
  test(
    `launchmany follows a directory with ${client}, and leaves nothing behind`,
    unlessInstalled(client),
    async (t) => {
      const directory = await plantRelease(t)
      const TMPDIR = makeScratch(t)
      const env = { PATH: pathWith(t, client), TMPDIR }
      const { said, stop } = launch(t, [...OFTEN, ...OLD, directory], env)
      await until('seeded', () => /"one.iso": "seeding" \(100.0%\)/.test(said.text))
      assert.ok(processesOf(TMPDIR).length > 0)

      mkdirSync(join(directory, 'below'))
      await addRelease(join(directory, 'below'), 'two.iso', 'http://127.0.0.1:1/announce')
      await until('new one seeded', () => /"two.iso": "seeding" \(100.0%\)/.test(said.text))

      rmSync(join(directory, 'one.iso.torrent'))
      await until('let go', () => said.text.includes(`dropped ${directory}/one.iso.torrent`))
      const before = said.text.length
      await until('shown again', () => said.text.lastIndexOf('two.iso') > before)
      assert.doesNotMatch(said.text.slice(before), /"one.iso"/)

      const { status } = await stop('SIGTERM')
      assert.equal(status, 0)
      assert.deepEqual(processesOf(TMPDIR), [])
      assert.deepEqual(readdirSync(TMPDIR), [])
      assert.deepEqual(readdirSync(directory).sort(), ['below', 'one.iso'])
    },
  )

  test(
    `${client} ends with launchmany even when that is killed`,
    unlessInstalled(client),
    async (t) => {
      const directory = await plantRelease(t)
      const TMPDIR = makeScratch(t)
      const { said, stop } = launch(t, [...OFTEN, directory], { PATH: pathWith(t, client), TMPDIR })
      await until('seeded', () => said.text.includes('"seeding"'))
      await stop('SIGKILL')
      await until('ended', () => processesOf(TMPDIR).length === 0)
      await until('cleaned up', () => readdirSync(TMPDIR).length === 0)
    },
  )
}
