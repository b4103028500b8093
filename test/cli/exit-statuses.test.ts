import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandTable } from '../../src/cli/command-list.js'
import { startCollecting } from '../support/executable.js'
import { projectRoot } from '../support/programs.js'
import { assertError, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

/** A command line that needs a file or directory `gone`, for each command that reads any. */
const MISSING: Readonly<Record<string, readonly string[] | null>> = {
  makemetafile: ['gone', '--trackerless'],
  completedir: ['gone', '--trackerless'],
  batch: ['gone'],
  convert: ['gone', '--hybrid'],
  serve: ['gone', '--port', '0'],
  track: ['--allowed-dir', 'gone', '--port', '0', '--host', '127.0.0.1'],
  showmetainfo: ['gone'],
  verify: ['gone'],
  lint: ['gone'],
  find: ['gone', '--in', '.'],
  magnet: ['gone'],
  hash: ['gone'],
  stats: ['gone'],
  scrape: ['gone'],
  edit: ['--comment', 'x', 'gone'],
  reannounce: ['http://t.example/announce', 'gone'],
  copyannounce: ['gone', 'gone2'],
  sethttpseeds: ['http://w.example/', 'gone'],
  rename: ['gone', 'name'],
  seed: ['gone'],
  publish: ['gone', '--client', 'transmission+http://127.0.0.1:1'],
  withdraw: ['gone', '--client', 'transmission+http://127.0.0.1:1'],
  status: ['gone', '--client', 'transmission+http://127.0.0.1:1'],
  cache: ['stats', '--cache-dir', 'gone'],
}

for (const { name } of commandTable) {
  test(`${name}: wrong usage is status 2, help 0`, async () => {
    assertError(await runBtkit([name, '--no-such-option']), 'usage')
    assert.equal((await runBtkit([name, '--help'])).status, 0)
  })

  const args = MISSING[name]
  if (!args) continue
  test(`${name}: a missing file is status 1, and is named`, async (t) => {
    const directory = makeScratch(t)
    const at = args.map((arg) => arg.replace(/^gone/, join(directory, 'gone')))
    const env = { BTKIT_STATE_DIR: directory }
    const { status, code, stderr } = await runBtkit([name, ...at], { env, cwd: directory })
    // Completedir has a line for each cause, of whatever code
    const expected = name === 'completedir' ? null : 'not-found'
    assert.deepEqual([status, code], [1, expected], stderr)
    assert.match(stderr, /gone/)
  })
}

test('track ends with status 0 after SIGINT', async (t) => {
  const args = ['track', '--open', '--port', '0', '--host', '127.0.0.1']
  const { child, ended } = startCollecting('btkit', args, { t })
  await Promise.race([once(child.stdout, 'data'), ended])
  child.kill('SIGINT')
  assert.equal((await ended).status, 0)
})

for (const { name } of commandTable) {
  test(`the manual of ${name} refers to the table of exit statuses in btkit(1)`, () => {
    const section = /^(serve|track|worker)$/.test(name) ? 8 : 1
    const page = readFileSync(join(projectRoot, 'man', `btkit-${name}.${section}`), 'utf8')
    const statuses = /^\.Sh EXIT STATUS\n([^]*?)(?=^\.Sh)/m.exec(page)?.[1] ?? ''
    assert.match(statuses, /^\.Nm btkit(-editing)? Ns Pq [17]/m)
  })
}
