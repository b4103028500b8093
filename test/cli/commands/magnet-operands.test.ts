import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { commandTraits } from '../../../src/cli/acting-command.js'
import { allCommands } from '../../support/commands.js'
import { serveLocally } from '../../support/listen.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

const HASH = '2aa4f5a7e209e54b32803d43670971c4c8caaa05'
/** Stands for a torrent that is there. */
const OTHER = 'OTHER'
const DOWN = ['--client', 'scgi://127.0.0.1:1']

/** The arguments before and behind the torrent, for each command that takes one. */
const COMMANDS: Readonly<Record<string, readonly [before: string[], behind: string[]]>> = {
  hash: [[], []],
  magnet: [[], []],
  showmetainfo: [[], []],
  'showmetainfo --same': [['--same', OTHER], []],
  lint: [[], []],
  stats: [[], []],
  verify: [[], []],
  find: [[], ['--in', OTHER]],
  convert: [[], ['--v2']],
  edit: [['--comment', 'x'], []],
  reannounce: [['http://x.example/announce'], []],
  rename: [[], ['name']],
  sethttpseeds: [['http://x.example/'], []],
  copyannounce: [[], [OTHER]],
  'copyannounce to': [[OTHER], []],
  publish: [DOWN, []],
  withdraw: [DOWN, []],
  status: [DOWN, []],
  seed: [[], []],
}

/** A magnet link in the forms of programs. */
const FORMS = ['magnet:?', 'MAGNET:?', 'magnet:/?', 'magnet://?', 'magnet:///?', ' magnet:?']

/** Makes a torrent, and returns its path. */
async function plant(t: TestContext): Promise<string> {
  const content = join(makeScratch(t, { a: 'content' }), 'a')
  const make = ['makemetafile', content, 'http://t.example/announce', '--no-cache']
  assertStatus(await runBtkit(make), 0)
  return `${content}.torrent`
}

test('a magnet link in the place of a torrent is named as one, in each form', async (t) => {
  const torrent = await plant(t)
  const placed = (words: readonly string[]) =>
    words.map((word) => (word === OTHER ? torrent : word))
  for (const [name, [before, behind]] of Object.entries(COMMANDS)) {
    const [command = ''] = name.split(' ')
    for (const form of FORMS) {
      const link = `${form}xt=urn:btih:${HASH}&dn=x`
      const args = [command, ...placed(before), link, ...placed(behind)]
      const { status, stderr } = await runBtkit(args)
      const why = `${link}: a magnet link, not a file; `
      const advice =
        command === 'seed' ? 'btkit does not download; ' : 'download the torrent first\n'
      assert.ok(stderr.includes(`btkit: ${why}${advice}`), `${args.join(' ')}: ${stderr}`)
      assert.notEqual(status, 0, args.join(' '))
    }
  }
})

test('all commands that take torrents are among these, or take magnet links', async () => {
  const taking = (await allCommands())
    .filter((command) => commandTraits(command).takes === 'torrent')
    .map((command) => command.name())
  const known = [...Object.keys(COMMANDS), 'scrape']
  assert.deepEqual(
    taking.filter((name) => !known.includes(name)),
    [],
  )
})

test('scrape asks for the torrent of a magnet link in each form', async (t) => {
  const asked: string[] = []
  const port = await serveLocally(t, ({ url = '' }, response) => {
    asked.push(new URLSearchParams(url.split('?')[1]).has('info_hash') ? url : '')
    const hash = Buffer.from(HASH, 'hex')
    const counts = 'd8:completei3e10:downloadedi1e10:incompletei2ee'
    response.end(Buffer.concat([Buffer.from('d5:filesd20:'), hash, Buffer.from(`${counts}ee`)]))
  })
  const tracker = encodeURIComponent(`http://127.0.0.1:${port}/announce`)
  for (const form of FORMS) {
    const link = `${form}xt=urn:btih:${HASH}&tr=${tracker}`
    const { stdout } = assertStatus(await runBtkit(['scrape', link, '--json']), 0)
    assert.equal((JSON.parse(stdout) as { infoHash: string }).infoHash, HASH)
  }
  assert.equal(asked.filter((url) => url !== '').length, FORMS.length)
})
