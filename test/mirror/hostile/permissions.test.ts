import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runExecutable } from '../../support/executable.js'
import { decodeTorrent } from '../../support/decode-torrent.js'
import {
  makeOpenScratch,
  makeOwnScratch,
  unlessAlwaysPermitted,
  unprivileged,
} from '../../support/unprivileged.js'
import { until } from '../../support/until.js'
import { startServe } from './process.js'
import { rawRequest } from './raw.js'
import { postText, SINGLE } from './siege.js'
import { longTest } from '../../support/long.js'

/** A service that cannot read one of two files, nor a directory's contents. */
async function serveForbidden(t: TestContext) {
  const files = { 'yum/good.rpm': 'good', 'yum/private.rpm': 'secret', 'closed/file': 'secret' }
  let root = ''
  // Before the cleanup, which would not be permitted either
  t.after(() => {
    chmodSync(join(root, 'closed'), 0o755)
  })
  root = makeOpenScratch(t, files)
  chmodSync(join(root, 'yum/private.rpm'), 0o000)
  chmodSync(join(root, 'closed'), 0o000)
  const own = makeOwnScratch(t, unprivileged)
  const args = ['--cache-dir', own, '--state-dir', own]
  return { root, ...(await startServe(t, root, { args, ...unprivileged })) }
}

/** Makes sure that an answer is 403 and a line that reveals nothing. */
async function checkForbidden(answer: Response, root: string): Promise<void> {
  const body = await answer.text()
  assert.equal(answer.status, 403, body)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain\b/)
  assert.match(body, /^[^\n]+\n$/)
  assert.ok(!body.includes(root), body)
}

test(
  'answers 403 for what it cannot read, and serves the rest',
  unlessAlwaysPermitted,
  async (t) => {
    const { address, port, root } = await serveForbidden(t)
    for (const path of ['/yum/private.rpm', '/closed/file']) {
      await checkForbidden(await fetch(address + path), root)
      await checkForbidden(await fetch(address + SINGLE + path), root)
    }
    const received = await rawRequest(port, postText(['/yum/good.rpm', '/yum/private.rpm']))
    assert.match(received, /^HTTP\/1\.1 403 /)
    assert.ok(!received.includes(root))
    await checkForbidden(await fetch(`${address}${SINGLE}/closed/*`), root)
    assert.equal(await (await fetch(`${address}/yum/good.rpm`)).text(), 'good')
    assert.equal((await fetch(`${address}${SINGLE}/yum/good.rpm`)).status, 200)
  },
)

/** A root with one file and the permissions `mode`, until the end of a test. */
function plantRoot(t: TestContext, mode: number): string {
  let root = ''
  t.after(() => {
    chmodSync(root, 0o755)
  })
  root = makeOpenScratch(t, { file: 'content' })
  chmodSync(root, mode)
  return root
}

test('ends with one line if it may not enter the root', unlessAlwaysPermitted, async (t) => {
  for (const mode of [0o000, 0o644]) {
    const root = plantRoot(t, mode)
    const args = ['serve', root, '--cache-dir', makeOwnScratch(t, unprivileged), '--port', '0']
    const { status, stderr } = await runExecutable('btkit', args, unprivileged)
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`^btkit: ${root}: permission denied; [^\\n]+\n$`))
  }
})

longTest(
  'warns if it may not list the root, and serves its files',
  unlessAlwaysPermitted,
  async (t) => {
    const root = plantRoot(t, 0o711)
    const args = ['--cache-dir', makeOwnScratch(t, unprivileged)]
    const { address, stop } = await startServe(t, root, { args, ...unprivileged })
    assert.equal((await fetch(address)).status, 403)
    assert.equal(await (await fetch(`${address}/file`)).text(), 'content')
    const { stderr } = await stop()
    assert.match(
      stderr,
      new RegExp(`^btkit: warning: ${root}: not listed: permission denied; [^\\n]+\n$`),
    )
  },
)

longTest(
  'leaves a file that it cannot read out of a pattern, and reports it',
  unlessAlwaysPermitted,
  async (t) => {
    const { address, stop } = await serveForbidden(t)
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(`${address}${SINGLE}/yum/*.rpm`)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('x-left-out'), '1 /yum/private.rpm')
      const { info } = decodeTorrent(new Uint8Array(await answer.arrayBuffer()))
      assert.equal(info['name'], 'good.rpm')
    }
    const { stderr } = await stop()
    assert.match(stderr, /^btkit: warning: \/yum\/private\.rpm: [^\n]+\n$/)
  },
)

test(
  'reports such a file as soon as it appears, and no longer once it can be read',
  unlessAlwaysPermitted,
  async (t) => {
    const { address, root } = await serveForbidden(t)
    const leftOut = async () => {
      const answer = await fetch(`${address}${SINGLE}/yum/*.rpm`)
      await answer.arrayBuffer()
      return answer.headers.get('x-left-out')
    }
    assert.equal(await leftOut(), '1 /yum/private.rpm')
    writeFileSync(join(root, 'yum/new.rpm'), 'secret', { mode: 0 })
    const both = '2 /yum/new.rpm /yum/private.rpm'
    await until('both files are left out', async () => (await leftOut()) === both)
    for (const name of ['new', 'private']) chmodSync(join(root, `yum/${name}.rpm`), 0o644)
    await until('no file is left out', async () => (await leftOut()) === null)
  },
)

test(
  'names few of such files in the header if their names are long',
  unlessAlwaysPermitted,
  async (t) => {
    const { address, root } = await serveForbidden(t)
    for (let n = 0; n < 10; n++)
      writeFileSync(join(root, `yum/${'ä'.repeat(100)}${n}.rpm`), 'secret', { mode: 0 })
    const leftOut = async () => {
      const answer = await fetch(`${address}${SINGLE}/yum/*.rpm`)
      await answer.arrayBuffer()
      return answer.headers.get('x-left-out') ?? ''
    }
    await until('all are left out', async () => (await leftOut()).startsWith('11 '))
    const [, ...paths] = (await leftOut()).split(' ')
    assert.deepEqual(paths, ['/yum/private.rpm', encodeURI(`/yum/${'ä'.repeat(100)}0.rpm`)])
  },
)
