import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { clientInfoHash, type SyncReport } from '../../../src/core/publish/client.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import type { Report } from '../../support/mirror.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { daemonKinds } from '../../support/seeding-daemons.js'
import { TRACKER } from '../../support/torrents.js'
import { until } from '../../support/until.js'
import { showByNginx, unlessNginx } from '../behind-nginx.js'

const FILES = 40

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The lists of a directory by their names. */
const LISTS: Readonly<Record<string, (files: ReadonlyMap<string, Buffer>) => string>> = {
  SHA256SUMS: (files) => Array.from(files, ([name, all]) => `${sha256(all)}  ${name}\n`).join(''),
  'all.meta4': (files) => {
    const each = Array.from(files, ([name, all]) => {
      return `<file name="${name}"><hash type="sha-256">${sha256(all)}</hash></file>`
    })
    return `<metalink xmlns="urn:ietf:params:xml:ns:metalink">${each.join('')}</metalink>`
  },
  names: (files) => Array.from(files.keys(), (name) => `${name}\n`).join(''),
}

/** A plain nginx that shows a release, and says what it was asked. */
async function serveRelease(t: TestContext) {
  const root = makeScratch(t)
  const site = join(root, 'rel')
  mkdirSync(site)
  chmodSync(site, 0o755)
  const { url: base, log } = await showByNginx(t, root)
  const url = `${base}/rel`
  /** What was asked since the last call. */
  const asked = () => {
    const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean)
    writeFileSync(log, '')
    return lines.map((line) => line.replace(/^.*?"(\w+ \S+) [^"]*" (\d+).*$/, '$1 $2'))
  }
  return { site, url, asked }
}

for (const [list, write] of Object.entries(LISTS)) {
  test(
    `a page of ${FILES} files at nginx is kept by ${list}, and by qBittorrent`,
    unlessNginx.skip ? unlessNginx : unlessInstalled('qbittorrent-nox'),
    async (t) => {
      const { site, url, asked } = await serveRelease(t)
      const out = join(makeScratch(t), 'out')
      const daemon = await daemonKinds['qbittorrent']!.start(t)
      const put = (name: string, seed: number) => {
        writeFileSync(join(site, name), pseudoRandom(50_000 + seed, seed))
      }
      const writeList = () => {
        const names = readdirSync(site).filter((name) => !(name in LISTS))
        const files = new Map(names.sort().map((name) => [name, readFileSync(join(site, name))]))
        writeFileSync(join(site, list), write(files))
      }
      const run = async () => {
        const args = ['completedir', TRACKER, `${url}/${list}`, '-o', out, '--prune', '--json']
        const { stdout } = assertStatus(await runBtkit([...args, '--publish', daemon.url]), 0)
        return JSON.parse(stdout) as Report & Pick<SyncReport, 'published' | 'withdrawn'>
      }
      /** Waits until the client has all data of just these torrents. */
      const seeded = async () => {
        const torrents = readdirSync(out).map((name) => {
          return clientInfoHash(parseMetainfo(readFileSync(join(out, name))))
        })
        const rows = await until('the client has all', async () => {
          // It may close a kept connection just when it is asked
          const all = await listOf(daemon.url).catch(() => null)
          return all?.every(({ progress }) => progress === 1) ? all : null
        })
        assert.deepEqual(rows.map(({ hash }) => hash).sort(), torrents.sort())
      }
      for (let i = 0; i < FILES; i++) put(`f${i}.iso`, i + 1)
      writeList()
      const first = await run()
      assert.deepEqual([first.created.length, first.published.length], [FILES, FILES])
      await seeded()
      asked()
      const again = await run()
      assert.deepEqual([again.unchanged, again.published, again.bytesHashed], [FILES, [], 0])
      if (list !== 'names') assert.deepEqual(asked(), [`GET /rel/${list} 304`])
      put('f1.iso', 101)
      put('new.iso', 102)
      rmSync(join(site, 'f2.iso'))
      writeList()
      asked()
      const third = await run()
      const { created, updated, removed, withdrawn } = third
      assert.deepEqual(
        [created, updated, removed, withdrawn].map(({ length }) => length),
        [1, 1, 1, 1],
      )
      const read = asked().filter((line) => line.startsWith('GET') && line.endsWith('206'))
      assert.ok(
        read.every((line) => /\/(f1|new)\.iso/.test(line)),
        read.join('\n'),
      )
      await seeded()
    },
  )
}

interface Row {
  readonly hash: string
  readonly progress: number
}

/** The torrents of a qBittorrent. */
async function listOf(url: string): Promise<Row[]> {
  const { host, username, password } = new URL(url.replace('qbittorrent+', ''))
  const body = new URLSearchParams({ username, password: decodeURIComponent(password) })
  const login = await fetch(`http://${host}/api/v2/auth/login`, { method: 'POST', body })
  const [Cookie = ''] = login.headers.getSetCookie()
  const answer = await fetch(`http://${host}/api/v2/torrents/info`, { headers: { Cookie } })
  return (await answer.json()) as Row[]
}
