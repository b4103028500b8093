import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { letFilesSettle } from '../support/aged.js'
import { runExecutable, startExecutable } from '../support/executable.js'
import { collect } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'

const UNKNOWN = 'the cache lacks its digests, or those at this place in pieces of this length'
const KEY = '0123456789abcdef0123456789abcdef'
const UUID = '01234567-89ab-4cde-8f01-23456789abcd'

function openPlace(t: TestContext) {
  const directory = makeScratch(t, { 'files/one.bin': 'one', 'files/two.bin': 'two' })
  const env = { BTKIT_CACHE_DIR: join(directory, 'c'), BTKIT_STATE_DIR: join(directory, 's') }
  const files = join(directory, 'files')
  /** Runs with a trace, and returns its lines without the number of the process. */
  const traced = async (args: readonly string[], tracker = 'http://t.example/a') => {
    const options = { env: { ...env, NODE_DEBUG: 'btkit' } }
    const { stderr } = await runExecutable('btkit', [...args, tracker, files], options)
    return stderr.split('\n').flatMap((line) => /^BTKIT \d+: (.*)/.exec(line)?.[1] ?? [])
  }
  return { files, env, traced }
}

test('a trace says why completedir makes, keeps and refuses torrents, and reads files', async (t) => {
  const { files, traced } = openPlace(t)
  const run = (tracker?: string) => traced(['completedir', '--quiet'], tracker)
  const [one, two] = [join(files, 'one.bin'), join(files, 'two.bin')]
  await letFilesSettle()
  assert.deepEqual((await run()).sort(), [
    `${one}: btkit has no record of its torrent`,
    `${one}: its torrent is made`,
    `${one}: must be read: ${UNKNOWN}`,
    `${two}: btkit has no record of its torrent`,
    `${two}: its torrent is made`,
    `${two}: must be read: ${UNKNOWN}`,
  ])
  assert.deepEqual(await run(), [
    `${one}: unchanged, and so is its torrent`,
    `${two}: unchanged, and so is its torrent`,
  ])

  utimesSync(one, 1e9, 1e9)
  appendFileSync(`${two}.torrent`, 'x')
  await letFilesSettle()
  const changed = await run()
  for (const line of [
    `${one}: mtime, ctime changed`,
    `${one}: must be read: mtime, ctime differ from when it was read`,
    `${one}: its torrent is kept`,
    `${two}: ${two}.torrent was changed or removed since`,
    `${two}: no torrent: edited`,
  ])
    assert.ok(changed.includes(line), `${line}\n\n${changed.join('\n')}`)

  const other = await run('http://other.example/a')
  assert.ok(other.includes(`${one}: the options are others`), other.join('\n'))
  assert.ok(other.includes('one.bin: all digests are cached'), other.join('\n'))
})

test('without NODE_DEBUG nothing is traced', async (t) => {
  const { files, env } = openPlace(t)
  const line = ['completedir', '--quiet', 'http://t.example/a', files]
  assert.equal((await runExecutable('btkit', line, { env })).stderr, '')
})

test('a trace says why a tracker is left for another, without the key in its URL', async (t) => {
  const { files, env } = openPlace(t)
  const at = 'http://127.0.0.1:1'
  const list = `${at}/${KEY}/announce,${at}/b?passkey=secret/announce,${at}/${UUID}/a,${at}/a?apikey=secret`
  const made = ['makemetafile', '--quiet', '-a', list, join(files, 'one.bin')]
  assert.equal((await runExecutable('btkit', made, { env })).status, 0)
  await letFilesSettle()
  const line = ['seed', '--port', '0', join(files, 'one.bin.torrent')]
  const child = startExecutable('btkit', line, { env: { ...env, NODE_DEBUG: 'btkit' }, t })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (text.includes('asked later')) child.kill('SIGTERM')
  })
  const { stderr } = await collect(child)
  assert.match(stderr, /^BTKIT \d+: one\.bin: seeded from now on$/m)
  assert.match(stderr, /one\.bin: http:\/\/127\S+ is left for http:\S+ nothing listens there$/m)
  assert.doesNotMatch(stderr, new RegExp(`${KEY}|${UUID}|secret`))
})

test('a trace has the names of files that look like announce URLs', async (t) => {
  const { files, env } = openPlace(t)
  const name = 'v1.0/announce/a=b.bin'
  mkdirSync(join(files, dirname(name)), { recursive: true })
  writeFileSync(join(files, name), 'x')
  const line = ['completedir', '--quiet', 'http://t.example/announce', dirname(name)]
  const options = { env: { ...env, NODE_DEBUG: 'btkit' }, cwd: files }
  const { stderr } = await runExecutable('btkit', line, options)
  assert.match(stderr, /^BTKIT \d+: v1\.0\/announce\/a=b\.bin: its torrent is made$/m)
})

test('a trace of a mirror names the path of a refused request, and nothing of its query', async (t) => {
  const { files, env } = openPlace(t)
  const line = ['serve', '--port', '0', '--tracker', 'http://t.example/a', files]
  const child = startExecutable('btkit', line, { env: { ...env, NODE_DEBUG: 'btkit' }, t })
  let [stdout, asked] = ['', false]
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    const address = /^address: +(.+)\n/m.exec(stdout)?.[1]
    if (address === undefined || asked) return
    asked = true
    const query = `passkey=secret&tracker=http%3A%2F%2Ft.example%2F${KEY}`
    void fetch(`${address}/nofile?${query}`).finally(() => child.kill('SIGTERM'))
  })
  const { stderr } = await collect(child)
  // The access log has the whole request
  const trace = stderr.replaceAll(/^(?!BTKIT ).*\n/gm, '')
  assert.match(trace, /^BTKIT \d+: 127\.0\.0\.1 gets 404 for \/nofile: \S/m)
  assert.doesNotMatch(trace, new RegExp(`${KEY}|secret`))
})
