import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readV1Files } from '../../../src/metainfo/parse/v1-files.js'
import { WarningList } from '../../../src/metainfo/warning.js'
import { encodedDict, type PlainDict } from '../../support/torrents.js'
import { assertRefused } from '../refusal.js'

function read(info: PlainDict, warnings = new WarningList()) {
  const { isDirectory, fileList } = readV1Files(encodedDict(info), 'name', warnings)
  return { isDirectory, files: [...fileList] }
}

test('a length makes a single file that is called like the torrent', () => {
  assert.deepEqual(read({ length: 5, attr: 'x' }), {
    isDirectory: false,
    files: [{ path: ['name'], length: 5, padding: false, attr: 'x' }],
  })
})

test('attributes tell pad files and links, whose length does not count', () => {
  const files = [
    { length: 5, path: ['.pad', '5'], attr: 'p' },
    { path: ['link'], attr: 'l', 'symlink path': ['a'] },
    { length: 9, path: ['long'], attr: 'l', 'symlink path': ['a'] },
    { length: 1, path: ['a'], attr: 7 },
  ]
  assert.deepEqual(read({ files }).files, [
    { path: ['.pad', '5'], length: 5, padding: true, attr: 'p' },
    { path: ['link'], length: 0, padding: false, attr: 'l', symlinkPath: ['a'] },
    { path: ['long'], length: 0, padding: false, attr: 'l', symlinkPath: ['a'] },
    { path: ['a'], length: 1, padding: false, attr: '' },
  ])
})

test('a length beside files does not count, and is a warning', () => {
  const warnings = new WarningList()
  const { isDirectory } = read({ length: 9, files: [{ length: 1, path: ['a'] }] }, warnings)
  const message = 'info.length: stands beside info.files'
  assert.deepEqual([isDirectory, warnings.toArray()], [true, [{ code: 'ignored-value', message }]])
})

test('path.utf-8 counts before path, whatever its length', () => {
  for (const twin of [['b'], ['b', 'c', 'ü']]) {
    const entry = { length: 1, path: ['a', 'b'], 'path.utf-8': twin }
    assert.deepEqual(read({ files: [entry] }).files[0]?.path, twin)
    assert.deepEqual(read({ files: [{ length: 1, 'path.utf-8': twin }] }).files[0]?.path, twin)
  }
})

const IGNORED = {
  code: 'ignored-value',
  message: 'info.files[0].path.utf-8: is no text in UTF-8',
}

// libtorrent 2.0.8 refuses a torrent with the second, third and fourth
test('a path.utf-8 that is not UTF-8, empty or no list is ignored, with a warning', () => {
  const latin1 = Buffer.from('\xe9', 'latin1')
  for (const twin of [['b', latin1], [], ['b', ''], ['b', 1], 'b']) {
    const entry = { length: 1, path: ['a', 'b'], 'path.utf-8': twin }
    const warnings = new WarningList()
    assert.deepEqual(read({ files: [entry] }, warnings).files[0]?.path, ['a', 'b'])
    assert.deepEqual(warnings.toArray(), [IGNORED])
  }
  const warnings = new WarningList()
  const entry = { length: 1, path: ['ok', latin1], 'path.utf-8': [latin1] }
  assert.deepEqual(read({ files: [entry] }, warnings).files[0]?.path, ['ok', '\ufffd'])
  assert.deepEqual(warnings.toArray(), [
    IGNORED,
    { code: 'not-utf8', message: 'info.files[0].path: not UTF-8, read as "\ufffd"' },
  ])
})

test('an unsafe path is not hidden by path.utf-8', () => {
  const entry = { length: 1, path: ['..', 'a'], 'path.utf-8': ['b', 'a'] }
  assert.deepEqual(read({ files: [entry] }).files[0]?.path, ['..', 'a'])
})

test('a pad file without a path is one in .pad, with a warning', () => {
  const warnings = new WarningList()
  const files = [{ length: 7, attr: 'p' }]
  assert.deepEqual(read({ files }, warnings).files, [
    { path: ['.pad', '7'], length: 7, padding: true, attr: 'p' },
  ])
  assert.deepEqual(warnings.toArray(), [
    { code: 'pad-without-path', message: 'info.files[0]: a pad file without a path' },
  ])
})

const GOOD = { length: 1, path: ['a'] }

const REFUSED: [info: PlainDict, message: string][] = [
  [{}, 'info: has neither length nor files'],
  [{ length: 'x' }, 'info.length: is not an integer'],
  [{ length: -1 }, 'info.length: is negative'],
  [{ length: 2n ** 62n }, 'info.length: is too large'],
  [{ files: {} }, 'info.files: is not a list'],
  [{ files: [] }, 'info.files: is empty'],
  [{ files: [GOOD, 1] }, 'info.files[1]: is not a dictionary'],
  [{ files: [{ length: 1 }] }, 'info.files[0].path: is missing'],
  [{ files: [{ length: 1, path: 'a' }] }, 'info.files[0].path: is not a list'],
  [{ files: [{ length: 1, path: [] }] }, 'info.files[0].path: is empty'],
  [{ files: [GOOD, { length: 1, path: ['a', 2] }] }, 'info.files[1].path[1]: is not a string'],
  [{ files: [{ path: ['a'] }] }, 'info.files[0].length: is missing'],
  [{ files: [{ path: ['a'], length: -5 }] }, 'info.files[0].length: is negative'],
]

for (const [info, message] of REFUSED) {
  test(`refused: ${message}`, () => {
    assertRefused(() => read(info), 'metainfo', message)
  })
}
