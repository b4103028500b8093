import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCleaner, removeDeadFiles } from '../../../src/files/write/remove-dead-files.js'
import { makeTemporaryName } from '../../../src/files/temporary-name.js'
import { failure } from '../failure.js'
import { makeTemporaryDirectory } from '../temporary-directory.js'

/** The name of a temporary file whose process has ended. */
function nameOfDead(): string {
  const { pid } = spawnSync(process.execPath, ['--version'])
  return makeTemporaryName('a.torrent').replace(
    `-${process.pid.toString(16)}-`,
    `-${pid.toString(16)}-`,
  )
}

test('files of processes that have ended are removed, and no others', (t) => {
  const directory = makeTemporaryDirectory(t)
  const dead = nameOfDead()
  const kept = [
    makeTemporaryName('of this process'),
    dead.replace(/\.[0-9a-f]{8}-/, '.00000000-'),
    dead.slice(1),
    `${dead}.torrent`,
    '.hidden',
    'a.torrent',
  ]
  for (const name of [dead, ...kept]) writeFileSync(join(directory, name), '')
  removeDeadFiles(directory)
  assert.deepEqual(readdirSync(directory).sort(), kept.sort())
})

test('a directory that is not there is an error that names it', (t) => {
  const directory = join(makeTemporaryDirectory(t), 'missing')
  const message = `${directory}: no such file or directory`
  assert.throws(
    () => {
      removeDeadFiles(directory)
    },
    failure('not-found', message),
  )
})

test('files below the directory are left alone', (t) => {
  const directory = makeTemporaryDirectory(t)
  const dead = nameOfDead()
  mkdirSync(join(directory, 'inner'))
  writeFileSync(join(directory, 'inner', dead), '')
  removeDeadFiles(directory)
  assert.deepEqual(readdirSync(join(directory, 'inner')), [dead])
})

test('a cleaner removes the same, once for each directory', (t) => {
  const [one, two] = [makeTemporaryDirectory(t), makeTemporaryDirectory(t)]
  const dead = nameOfDead()
  const clean = createCleaner()
  for (const directory of [one, two]) {
    writeFileSync(join(directory, dead), '')
    writeFileSync(join(directory, 'a.torrent'), '')
    clean(directory)
    assert.deepEqual(readdirSync(directory), ['a.torrent'])
  }
  writeFileSync(join(one, dead), '')
  clean(one)
  assert.deepEqual(readdirSync(one).sort(), [dead, 'a.torrent'].sort())
})

test('a cleaner leaves it to others to complain', (t) => {
  assert.doesNotThrow(() => {
    createCleaner()(join(makeTemporaryDirectory(t), 'missing'))
  })
})
