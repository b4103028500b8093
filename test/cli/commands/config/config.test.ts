import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

test('config show says of each option where it is from', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  writeFileSync(file, 'defaults:\n  cache-trust: mtime\nserve:\n  port: 1\n  max-files: 7\n')
  const { stdout, status } = await runBtkit(['config', 'show', 'serve', '--config', file], {
    env: { BTKIT_SERVE_PORT: '99' },
  })
  assert.equal(status, 0)
  assert.match(stdout, new RegExp(`\n  cache-trust +mtime +${file}:2\n`))
  assert.match(stdout, new RegExp(`\n  max-files +7 +${file}:5\n`))
  assert.match(stdout, /\n {2}port +99 +BTKIT_SERVE_PORT\n/)
  assert.match(stdout, /\n {2}max-paths +10000 +default\n/)
})

test('config show --json has a line for each option, and no passwords', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  writeFileSync(file, 'publish: {client: transmission+http://me:secret@127.0.0.1}\n')
  const args = ['config', 'show', 'publish', '--json', '--config', file]
  const { stdout } = await runBtkit(args)
  assert.doesNotMatch(stdout, /secret/)
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>)
  assert.deepEqual(
    lines.find(({ option }) => option === 'client'),
    {
      command: 'publish',
      option: 'client',
      value: 'transmission+http://me:***@127.0.0.1',
      from: `${file}:1`,
    },
  )
})

test('config check finds sections, keys and values that are wrong', async (t) => {
  const file = join(makeScratch(t), 'c.yaml')
  const lines = [
    'makemetafiel: {}',
    'defaults:',
    '  treads: 2',
    'serve:',
    '  log: xml',
    '  port: 1',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const { stdout, stderr, status } = await runBtkit(['config', 'check', file])
  assert.equal(status, 1)
  assert.equal(stdout, `${file}: 3 problems\n`)
  const told = stderr.split('\n')
  assert.equal(
    told[0],
    `btkit: ${file}:1:1: unknown section "makemetafiel"; did you mean "makemetafile"?`,
  )
  assert.equal(told[1], `btkit: ${file}:3:3: unknown option "treads"; did you mean "threads"?`)
  assert.match(told[2] ?? '', new RegExp(`^btkit: ${file}:5:8: log 'xml': `))
})

test('config check accepts a tracker among the defaults, as text and as a list', async (t) => {
  const directory = makeScratch(t)
  for (const [name, value] of [
    ['text', 'http://tracker.example/announce'],
    ['list', '[http://a.example/announce, http://b.example/announce]'],
  ]) {
    const file = join(directory, `${name}.yaml`)
    writeFileSync(file, `defaults:\n  announce: ${value}\n`)
    const { stdout, stderr } = await runBtkit(['config', 'check', file])
    assert.deepEqual([stdout, stderr], [`${file}: nothing wrong\n`, ''])
  }
})

test('config init writes what config check finds nothing in, also without its comments', async (t) => {
  const file = join(makeScratch(t), 'new/config.yaml')
  const first = await runBtkit(['config', 'init', file])
  assert.deepEqual([first.status, first.stdout], [0, `wrote ${file}\n`])
  assert.equal((await runBtkit(['config', 'check', file])).status, 0)
  const again = await runBtkit(['config', 'init', file])
  assert.equal(again.status, 1)
  assert.match(
    again.stderr,
    /config\.yaml: exists already and was not changed; name another file\n/,
  )
  // The defaults have two lines for announce, to choose from, and a variable that is not set
  const own = readFileSync(file, 'utf8').replace(/#defaults:[^]*?\n\n/, '')
  writeFileSync(file, own.replaceAll(/^#(\w|  )/gm, '$1').replaceAll(/^# .*$/gm, ''))
  const { stdout, stderr } = await runBtkit(['config', 'check', file])
  assert.deepEqual([stdout, stderr], [`${file}: nothing wrong\n`, ''])
})
