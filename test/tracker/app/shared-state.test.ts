import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { announceQuery, startTrack } from '../../support/track.js'
import { listenLocally } from '../../support/listen.js'

const HASH = 'ab'.repeat(20)

/** The messages and the status of a tracker that starts with a state. */
async function startWith(stateFile: string, port: number, option = '--state') {
  const place = ['--host', '127.0.0.1', '--port', `${port}`]
  return runBtkit(['track', '--open', ...place, option, stateFile])
}

test('a second tracker with the same state is refused, also under another name', async (t) => {
  const first = await startTrack(t)
  const link = join(makeScratch(t), 'link')
  symlinkSync(first.stateFile, link)
  for (const [path, option] of [
    [first.stateFile, '--state'],
    [link, '--dfile'],
  ] as const) {
    const said = `${path}: another tracker uses this state; name another ${option}`
    assertError(await startWith(path, 0, option), 'locked', said)
  }
  // Whoever may open it could lock it
  assert.equal(statSync(`${first.stateFile}.lock`).mode & 0o777, 0o600)
  await first.ask(announceQuery(HASH, { event: 'completed' }))
  await first.stop()
  assert.deepEqual(readdirSync(dirname(first.stateFile)).sort(), ['state', 'state.history'])
  const next = await startTrack(t, { stateFile: first.stateFile })
  const page = (await (await next.get('/index.json')).json()) as { totals: { downloaded: number } }
  assert.equal(page.totals.downloaded, 1)
})

test('a file of an option that cannot be read is reported, also if the state is in use', async (t) => {
  const { stateFile } = await startTrack(t)
  const missing = join(makeScratch(t), 'missing')
  for (const option of ['--allowed-list', '--banned-ips', '--favicon', '--store-key-file']) {
    const place = ['--host', '127.0.0.1', '--port', '0', '--state', stateFile, '--no-udp']
    const open = option === '--allowed-list' ? [] : ['--open']
    const store = option === '--store-key-file' ? ['--store', 'redis://127.0.0.1:1'] : []
    const refused = await runBtkit(['track', ...place, ...open, ...store, option, missing])
    assertError(refused, 'not-found', missing)
  }
})

test('a state that is a dangling link is refused, and nothing is created', async (t) => {
  const directory = makeScratch(t)
  const [link, target] = [join(directory, 'link'), join(directory, 'target')]
  symlinkSync(target, link)
  const said = `${link}: a link to ${target}, which does not exist; remove the link, or name another file`
  assertError(await startWith(link, 0), 'not-found', said)
  assert.deepEqual(readdirSync(directory), ['link'])
})

for (const [what, content] of [
  ['of bttrack', 'd9:completedde5:peersdee'],
  ['that is damaged', 'btkit tracker state 1 1700000000\nnothing'],
] as const) {
  test(`a tracker that can't listen leaves a state ${what} as it is`, async (t) => {
    const port = await listenLocally(t, createServer())
    const directory = makeScratch(t, { dstate: content })
    const path = join(directory, 'dstate')
    assertError(await startWith(path, port), 'io', `127.0.0.1 port ${port}`)
    assert.deepEqual(readdirSync(directory), ['dstate'])
    assert.equal(readFileSync(path, 'utf8'), content)
  })
}
