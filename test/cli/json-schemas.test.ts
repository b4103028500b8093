import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import Ajv from 'ajv'
import { leafCommands, optionEntries } from '../../src/cli/options/table.js'
import { allCommands } from '../support/commands.js'
import { projectRoot } from '../support/programs.js'
import { startFakeTransmission } from '../support/fake-transmission.js'
import { startRedis, WITHOUT_REDIS } from '../support/redis.js'
import { assertStatus, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { startSeed } from '../support/seed.js'
import { startTrack } from '../support/track.js'
import { until } from '../support/until.js'
import { TRACKER } from '../support/torrents.js'
import { hurryDisplay } from '../support/quick-times.js'

hurryDisplay()

const directory = join(projectRoot, 'docs', 'schemas')
const names = readdirSync(directory)
  .map((file) => file.replace(/\.json$/, ''))
  .sort()

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  additionalProperties?: unknown
}

/** Forbids keys that a schema does not name, so that a new key without its entry fails. */
function close(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return
  const { properties, type } = schema as Schema & { type?: unknown }
  if (properties && type !== undefined) (schema as Schema).additionalProperties ??= false
  Object.values(schema).forEach(close)
}

const ajv = new Ajv()
for (const name of names) {
  const schema = JSON.parse(readFileSync(join(directory, `${name}.json`), 'utf8')) as object
  close(schema)
  ajv.addSchema(schema, `${name}.json`)
}

/** Checks that standard output has `count` lines, and that each is as the schema says. */
function check(name: string, stdout: string, count: number): Record<string, unknown>[] {
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines.length, count, stdout)
  return lines.map((line) => {
    const value = JSON.parse(line) as Record<string, unknown>
    assert.ok(ajv.validate(`${name}.json`, value), `${name}: ${ajv.errorsText()}: ${line}`)
    return value
  })
}

const run = async (name: string, args: readonly string[], count: number) => {
  const { stdout } = await runBtkit([...args, '--json'])
  return check(name, stdout, count)
}

/** The codes of lines, in their order. */
const codes = (lines: readonly Record<string, unknown>[]) => lines.map(({ code }) => code)

const DOWN = 'transmission+http://127.0.0.1:1'

async function library(t: Parameters<typeof makeScratch>[0]) {
  const root = makeScratch(t, {
    'a.iso': 'content',
    'set/b': 'b'.repeat(20_000),
    'set/c': 'cc',
    'odd.torrent': 'no torrent',
  })
  const at = (name: string) => join(root, name)
  const make = ['makemetafile', '--no-cache', '--announce', TRACKER]
  const more = ['--hybrid', '--http-seed', 'http://h.example/', '--node', 'n.example:6881']
  assert.equal((await runBtkit([...make, at('a.iso')])).status, 0)
  assertStatus(await runBtkit([...make, ...more, '--comment', 'ü', at('set')]), 0)
  return { at, torrents: [at('a.iso.torrent'), at('set.torrent'), at('odd.torrent')] }
}

test('reports about torrents are as their schemas say, for failures too', async (t) => {
  const { at, torrents } = await library(t)
  const failed = [null, null, 'bencode']
  for (const name of ['hash', 'magnet', 'showmetainfo', 'lint', 'verify']) {
    assert.deepEqual(codes(await run(name, [name, ...torrents], 3)), failed, name)
  }
  assert.deepEqual(codes(await run('find', ['find', ...torrents, '--in', at('')], 3)), failed)
  const same = await run('showmetainfo-same', ['showmetainfo', '--same', ...torrents], 2)
  assert.deepEqual(codes(same), [null, 'bencode'])
  await run('showmetainfo-check-seeds', ['showmetainfo', '--check-seeds', torrents[0]!], 1)
  const [stats] = await run('stats', ['stats', ...torrents, at('nowhere')], 1)
  assert.equal(stats?.['failed'], 2)
  writeFileSync(at('a.iso'), 'CONTENT')
  const [damaged] = await run('verify', ['verify', torrents[0]!], 1)
  assert.deepEqual([damaged?.['ok'], damaged?.['code']], [false, null])
})

test('reports about torrents that are made are as their schemas say', async (t) => {
  const { at, torrents } = await library(t)
  const make = ['makemetafile', '--no-cache', '--announce', TRACKER]
  const sources = [at('a.iso'), at('gone'), at('set')]
  const made = await run('makemetafile', [...make, '--force', '--source', 'x', ...sources], 3)
  assert.deepEqual(codes(made), [null, 'not-found', null])
  assert.equal(made[1]?.['torrent'], at('gone.torrent'))
  const planned = [...make, '--force', '--dry-run', '--hybrid', ...sources]
  assert.deepEqual(codes(await run('makemetafile', planned, 3)), [null, 'not-found', null])
  const compared = await run('makemetafile-check', [...make, '--check', ...sources], 3)
  assert.deepEqual(codes(compared), [null, 'not-found', null])
  for (const edit of [
    ['edit', '--comment', 'new'],
    ['reannounce', 'http://other.example/announce'],
    ['copyannounce', torrents[0]!],
    ['sethttpseeds', 'http://web.example/'],
  ]) {
    assert.deepEqual(codes(await run('edit', [...edit, ...torrents], 3)).at(-1), 'bencode')
  }
  await run('edit', ['rename', torrents[0]!, 'other.iso'], 1)
  await run('convert', ['convert', '--v2', torrents[1]!, at('set'), '--no-cache'], 1)
  await run('convert', ['convert', '--v1', torrents[1]!, at('set'), '--dry-run', '--no-cache'], 1)
  assert.deepEqual(codes(await run('convert', ['convert', '--v2', torrents[2]!], 1)), ['bencode'])
})

test('the report of completedir is as its schema says', async (t) => {
  const { at } = await library(t)
  const own = ['--no-cache', '--state-dir', at('state'), '--min-age', '0', '--trackerless']
  const complete = ['completedir', at(''), '--target', at('made'), '--checksums', 'sha256', ...own]
  mkdirSync(at('made'))
  await run('completedir', [...complete, '--dry-run'], 1)
  const [first] = await run('completedir', [...complete, '--publish', DOWN], 1)
  assert.deepEqual((first?.['unpublished'] as { code: string }[])[0]?.code, 'unreachable')
  writeFileSync(at('a.iso'), 'changed')
  await run('completedir', complete, 1)
})

test('reports about clients and trackers are as their schemas say', async (t) => {
  const { torrents } = await library(t)
  const [{ infoHash }] = (await run('hash', ['hash', torrents[0]!], 1)) as [{ infoHash: string }]
  const url = await startFakeTransmission(t, [
    { hashString: infoHash, name: 'a.iso' },
    { hashString: 'bb'.repeat(20), name: 'stopped', status: 0 },
  ])
  const clients = ['--client', url, '--client', DOWN]
  const mixed = [torrents[0]!, torrents[2]!, torrents[1]!]
  const publish = ['publish', '--no-cache', ...clients, ...mixed]
  const published = await run('publish', [...publish, '--dry-run'], 6)
  assert.deepEqual(
    published.map(({ client, status, code }) => [client === url, status, code]),
    [
      [true, 'already', null],
      [true, 'failed', 'bencode'],
      [true, 'published', null],
      [false, 'failed', 'unreachable'],
      [false, 'failed', 'bencode'],
      [false, 'failed', 'unreachable'],
    ],
  )
  const withdraw = ['withdraw', '--dry-run', ...clients, ...mixed]
  const withdrawn = await run('withdraw', withdraw, 6)
  assert.deepEqual(
    withdrawn.map(({ status, code }) => [status, code]),
    [
      ['withdrawn', null],
      ['failed', 'bencode'],
      ['absent', null],
      ['failed', 'unreachable'],
      ['failed', 'bencode'],
      ['failed', 'unreachable'],
    ],
  )
  assert.deepEqual(codes(await run('status', ['status', ...clients], 3)), [
    null,
    'client',
    'unreachable',
  ])
  const status = await run('status', ['status', '--client', url, ...torrents], 3)
  assert.deepEqual(codes(status), ['bencode', null, 'not-found'])
  const { address } = await startTrack(t)
  const asked = ['scrape', ...torrents, 'magnet:?xt=urn:btih:' + infoHash]
  const scraped = await run('scrape', [...asked, '-a', `${address}/announce`], 4)
  assert.equal(codes(scraped).filter((code) => code === 'bencode').length, 1)
})

test('seed shows torrents as their schema says', async (t) => {
  const { torrents } = await library(t)
  const { stdout } = await startSeed(t, [torrents[0]!, '--json'])
  await until('a line', () => stdout.text.includes('\n'))
  check('status', stdout.text.split('\n')[0] ?? '', 1)
})

test('the report of a queue is as its schema says', { skip: WITHOUT_REDIS }, async (t) => {
  const redis = await startRedis(t)
  redis.send('HSET', '{btkit}:hash:broken', 'data', '"{bad"', 'failedReason', 'why')
  redis.send('ZADD', '{btkit}:hash:failed', '1', 'broken')
  const [shown] = await run('queue-status', ['queue', 'status', '--queue', redis.url], 1)
  assert.equal(shown?.['failedCount'], 1)
})

test('other reports are as their schemas say', async (t) => {
  const { at } = await library(t)
  writeFileSync(
    at('config.yaml'),
    'completedir:\n  min-age: 1\npresets:\n  p: { private: true }\nbogus: 1\n',
  )
  const config = ['--config', at('config.yaml')]
  const shown = await runBtkit(['config', 'show', 'hash', ...config, '--json'])
  check('config-show', shown.stdout, shown.stdout.trimEnd().split('\n').length)
  const [checked] = await run('config-check', ['config', 'check', at('config.yaml')], 1)
  assert.equal(checked?.['ok'], false)
  writeFileSync(at('presets.yaml'), 'presets:\n  p: { private: true }\n')
  await run('presets', ['config', 'show', '--presets', '--config', at('presets.yaml')], 1)
  await run('doctor', ['doctor'], 1)
  await run('cache-stats', ['cache', 'stats'], 1)
  await run('cache-prune', ['cache', 'prune', '--dry-run'], 1)
  writeFileSync(
    at('batch.yaml'),
    `jobs:\n  one: { makemetafile: { path: a.iso, trackerless: true } }\n`,
  )
  const batch = await run('batch', ['batch', at('batch.yaml')], 2)
  for (const result of batch[0]?.['results'] as unknown[])
    check('makemetafile', JSON.stringify(result), 1)
})

/** Commands whose reports are like those of another one. */
const ALIKE: Readonly<Record<string, string>> = {
  reannounce: 'edit',
  copyannounce: 'edit',
  sethttpseeds: 'edit',
  rename: 'edit',
  seed: 'status',
}

for (const { path, command } of leafCommands(await allCommands())) {
  if (!optionEntries(command).has('json')) continue
  test(`the reports of ${path} have a schema, in docs/schemas`, () => {
    const name = ALIKE[path] ?? path.replace(' ', '-')
    assert.ok(names.includes(name), `docs/schemas/${name}.json is missing`)
  })
}

for (const name of names) {
  test(`a report is held against the schema ${name}`, () => {
    const source = readFileSync(join(projectRoot, 'test/cli/json-schemas.test.ts'), 'utf8')
    assert.ok(name === 'common' || source.includes(`'${name}'`), `add run('${name}', …) here`)
  })
}

test('the schemas have all codes of errors', () => {
  const source = readFileSync(join(projectRoot, 'src', 'base', 'errors.ts'), 'utf8')
  const known = [...source.matchAll(/^ {2}\| '([\w-]+)'/gm)].map(([, code]) => code)
  const common = JSON.parse(readFileSync(join(directory, 'common.json'), 'utf8')) as {
    readonly definitions: { readonly code: { readonly enum: readonly unknown[] } }
  }
  assert.deepEqual(common.definitions.code.enum, [...known, 'internal', null])
})
