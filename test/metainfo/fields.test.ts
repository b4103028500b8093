import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIELDS, readFields } from '../../src/metainfo/fields.js'
import { WarningList } from '../../src/metainfo/warning.js'
import { bencodableDict, type PlainDict } from '../support/torrents.js'

function read(top: PlainDict, info: PlainDict = {}) {
  const list = new WarningList()
  const fields = readFields(bencodableDict(top), bencodableDict(info), list)
  return { fields, warnings: list.toArray() }
}

const ABSENT = Object.fromEntries(
  Object.keys(FIELDS).map((name) => [name, name === 'private' ? false : null]),
)

test('what is absent is null, and private is false, as it is with 0', () => {
  for (const info of [{}, { private: 0 }])
    assert.deepEqual(read({}, info), { fields: ABSENT, warnings: [] })
})

test('a plain string of seeds is a list of one, an empty one is none', () => {
  const { fields, warnings } = read({ 'url-list': 'http://w/', httpseeds: '' })
  assert.deepEqual(fields.webSeeds, ['http://w/'])
  assert.equal(fields.httpSeeds, null)
  assert.deepEqual(warnings, [])
})

test('a blank text in place of a URL is no value', () => {
  const { fields, warnings } = read({
    announce: ' ',
    'announce-list': [[''], ['http://t/a', ' '], ''],
    'url-list': ['', ' '],
    httpseeds: ' ',
  })
  assert.deepEqual([fields.announce, fields.httpSeeds, fields.webSeeds], [null, null, []])
  assert.deepEqual(fields.announceList, [[], ['http://t/a'], []])
  assert.equal(warnings[0]?.message, 'announce: is blank')
})

test('a comment that is not UTF-8 is read from its twin', () => {
  const latin1 = Buffer.from('\xe9', 'latin1')
  const { fields } = read({ comment: latin1, 'comment.utf-8': 'é' })
  assert.equal(fields.comment, 'é')
  const [warning] = read({}, { source: latin1 }).warnings
  assert.equal(warning?.message, 'info.source: not UTF-8, read as "\ufffd"')
})

test('trackers and seeds that are not UTF-8 are told of', () => {
  const url = Buffer.from('http://t/\xe9', 'latin1')
  const dicts: PlainDict[] = [
    { announce: url },
    { 'announce-list': [[url]] },
    { 'announce-list': [['http://t/'], ['http://u/', url]] },
    { httpseeds: [url] },
    { 'url-list': [url] },
    { 'url-list': url },
  ]
  for (const dict of dicts) {
    const message = `${Object.keys(dict).join('')}: not UTF-8, read as "http://t/\ufffd"`
    assert.deepEqual(read(dict).warnings, [{ code: 'not-utf8', message }])
  }
})

const IGNORED: [key: string, value: PlainDict, message: string][] = [
  ['announce', { announce: 1 }, 'announce: is not a string'],
  ['announceList', { 'announce-list': 'http://t/' }, 'announce-list: is not a list'],
  ['httpSeeds', { httpseeds: {} }, 'httpseeds: is neither a string nor a list'],
  ['webSeeds', { 'url-list': 5 }, 'url-list: is neither a string nor a list'],
  ['nodes', { nodes: 'x' }, 'nodes: is not a list'],
  ['comment', { comment: [] }, 'comment: is not a string'],
  ['createdBy', { 'created by': 1 }, 'created by: is not a string'],
  ['creationDate', { 'creation date': 'x' }, 'creation date: is not a number of seconds'],
  ['creationDate', { 'creation date': 2n ** 60n }, 'creation date: is not a number of seconds'],
  ['creationDate', { 'creation date': 8_640_000_000_001 }, 'creation date: is no date'],
]

for (const [key, top, message] of IGNORED) {
  test(`${message} and read as absent`, () => {
    const { fields, warnings } = read(top)
    assert.equal(fields[key as keyof typeof fields], null)
    assert.deepEqual(warnings, [{ code: 'ignored-value', message }])
  })
}

test('a flag that is no number is not set', () => {
  const { fields, warnings } = read({}, { private: 'yes' })
  assert.equal(fields.private, false)
  assert.deepEqual(warnings, [
    { code: 'ignored-value', message: 'info.private: is neither 0 nor 1' },
  ])
})

test('the useful part of a list is read', () => {
  const { fields, warnings } = read({
    'announce-list': ['http://a/', ['http://b/', 3], 4],
    'url-list': ['http://w/', 1],
    nodes: [['h', 1], ['h', 'x'], 2],
    similar: ['x'.repeat(20), 'short'],
  })
  assert.deepEqual(fields.announceList, [[], ['http://b/'], []])
  assert.deepEqual(fields.webSeeds, ['http://w/'])
  assert.deepEqual(fields.nodes, [{ host: 'h', port: 1 }])
  assert.deepEqual(fields.similar, ['78'.repeat(20)])
  assert.deepEqual(
    warnings.map(({ message }) => message),
    [
      'announce-list: has a tier that is not a list',
      'announce-list: has an entry that is not a string',
      'announce-list: has a tier that is not a list',
      'url-list: has an entry that is not a string',
      'nodes: has an entry that is no host and port',
      'similar: has an entry that is no info hash of 20 bytes',
    ],
  )
})

test('the latest and earliest dates fit into a Date', () => {
  for (const date of [8_640_000_000_000, -8_640_000_000_000, 0, -1]) {
    const { fields } = read({ 'creation date': date })
    assert.equal(fields.creationDate, date)
    assert.ok(!Number.isNaN(new Date(date * 1000).getTime()))
  }
})
