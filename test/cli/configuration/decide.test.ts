import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { join } from 'node:path'
import { CommandLayers, NOTHING_TYPED } from '../../../src/cli/configuration/decide.js'
import { givenAs, Problems, textAt } from '../../../src/cli/options/given.js'
import { optionEntries } from '../../../src/cli/options/table.js'
import { declareTorrentOptions } from '../../../src/cli/options/torrent.js'
import { makeScratch } from '../../support/scratch.js'

/** The layers of makemetafile with a configuration, and the texts that its options have read. */
async function layersWith(t: TestContext, yaml: string, env: Record<string, string> = {}) {
  const cwd = makeScratch(t, { 'c.yaml': yaml })
  const command = declareTorrentOptions('makemetafile', false)
  const read: string[] = []
  for (const option of command.options) {
    const parse = option.parseArg
    const note = (text: string, before: unknown) => {
      read.push(`${option.attributeName()} ${text}`)
      return parse ? (parse(text, before as never) as unknown) : text
    }
    if (!option.isBoolean()) Object.assign(option, { parseArg: note })
  }
  const problems = new Problems()
  const target = { section: 'makemetafile', command, isLegacy: false }
  const io = { env, cwd, isRoot: false } as never
  const layers = await CommandLayers.read(target, { config: join(cwd, 'c.yaml'), problems }, io)
  const typed = (key: string, text: string) => {
    const entry = optionEntries(command).get(key)
    assert.ok(entry)
    return givenAs('line', entry, [textAt(`--${key}`, text)])
  }
  return { layers, problems, read, typed }
}

test('each value that counts is read once, and the others never', async (t) => {
  const { layers, problems, read, typed } = await layersWith(
    t,
    'defaults: {comment: weak, web-seed: http://w.example/}\nmakemetafile: {comment: of files}\n',
  )
  const line = { operands: [], given: [typed('comment', 'typed')] }
  layers.decide({ line, problems })
  const once = ['comment typed', 'webSeed http://w.example/']
  assert.deepEqual([read.toSorted(), problems.errors], [once, []])
  // A job of a batch has the same layers, which are not read again
  const job = [{ name: 'job', given: [typed('comment', 'of a job')] }]
  layers.decide({ line: NOTHING_TYPED, job, problems })
  assert.deepEqual(read.toSorted(), ['comment of a job', ...once])
})

test('with presets and rules, too, each value is read once', async (t) => {
  const yaml = `
makemetafile: {preset: [p, q], max-piece-length: 8M, comment: of files}
presets:
  p: {announce: http://t.example/, comment: of p, date: 5}
  q: {comment: of q}
trackers:
  t.example: {source: S, piece-length: {max: 4M}, announce-list: [http://t.example/]}
`
  const { layers, problems, read } = await layersWith(t, yaml)
  const { decided } = layers.decide({ line: NOTHING_TYPED, problems })
  const once = [
    'announce http://t.example/',
    'announceList http://t.example/',
    'comment of q',
    'date 5',
    'maxPieceLength 4M',
    'preset p',
    'preset q',
    'source S',
  ]
  assert.deepEqual([read.toSorted(), problems.errors], [once, []])
  assert.equal(decided.length, 7)
})
