import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { serveFiles, tagOf } from '../support/file-server.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

/** The command that the guide puts into a crontab, in words. */
function commandOfGuide(): string[] {
  const [, line = ''] =
    /^\*\/10 \* \* \* \* btkit (.+)$/m.exec(readFileSync('docs/release-page.md', 'utf8')) ?? []
  return line.split(' ')
}

/** What a server has on each day, as seeds of files by name, and what the mail of cron says. */
const WEEK: readonly {
  readonly files: Readonly<Record<string, number>> | null
  readonly mail?: RegExp
  /** Files that the list names, and that are not uploaded yet. */
  readonly late?: readonly string[]
}[] = [
  { files: { 'a-1.0': 1, 'b-1.0': 2 } },
  // Nothing happens
  { files: { 'a-1.0': 1, 'b-1.0': 2 } },
  // A build is replaced, and another one added, of which the list comes first
  { files: { 'a-1.0': 3, 'b-1.0': 2, 'c-1.0': 4 }, late: ['c-1.0'], mail: /c-1\.0[^\n]*404/ },
  { files: { 'a-1.0': 3, 'b-1.0': 2, 'c-1.0': 4 } },
  // The server is broken
  { files: null, mail: /SHA256SUMS[^\n]*404/ },
  // A build is taken back
  { files: { 'a-1.0': 3, 'c-1.0': 4 } },
  // The next release has other names
  { files: { 'a-1.1': 5, 'c-1.1': 6 } },
]

test('the line of cron of the guide keeps a page for a week', async (t) => {
  const server = await serveFiles(t, {})
  server.answer = ({ headers, url = '' }, response) => {
    const bytes = server.files.get(url.slice(1))
    const isKnown = bytes !== undefined && headers['if-none-match'] === tagOf(bytes)
    if (isKnown) response.writeHead(304).end()
    return isKnown
  }
  const scratch = makeScratch(t, { 'srv/.keep': '' })
  const words = commandOfGuide().map((word) => {
    return word
      .replace('https://cdn.example.org', server.url)
      .replace(/^\/srv/, join(scratch, 'srv'))
  })
  let shown: string[] = []
  for (const { files, mail, late = [] } of WEEK) {
    server.files.clear()
    const lines = Object.entries(files ?? {}).map(([name, seed]) => {
      const bytes = pseudoRandom(60_000, seed)
      if (!late.includes(name)) server.files.set(`1.0/${name}`, bytes)
      return `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`
    })
    if (files) server.files.set('1.0/SHA256SUMS', Buffer.from(lines.join('')))
    if (files) shown = Object.keys(files).filter((name) => !late.includes(name))
    // cron runs it more than once a day
    for (let run = 0; run < 2; run++) {
      const { stdout, stderr } = await runBtkit(words)
      assert.equal(stdout, '')
      // The first run makes the directory, and says so
      if (mail) assert.match(stderr, mail)
      else assert.doesNotMatch(stderr, /^btkit: (?!--output)/m)
    }
    const place = join(scratch, 'srv/release')
    const made = readdirSync(place).filter((name) => name.endsWith('.torrent'))
    assert.deepEqual(made.sort(), shown.map((name) => `${name}.torrent`).sort())
    const feed = readFileSync(join(place, 'feed.xml'), 'utf8')
    const titles = Array.from(feed.matchAll(/<item>\s*<title>(.+?)<\/title>/g), ([, name]) => name)
    assert.deepEqual(titles.sort(), shown.sort())
    for (const name of files && late.length === 0 ? shown : []) {
      const torrent = join(place, `${name}.torrent`)
      const verified = await runBtkit(['verify', torrent, '--data', `${server.url}/1.0/`])
      assert.equal(verified.status, 0, verified.stderr)
    }
  }
})
