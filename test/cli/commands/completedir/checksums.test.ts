import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { aheadOfFiles, entriesOf, Mirror, type Report } from '../../../support/mirror.js'
import { assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const FILES = { 'a.iso': 'aaaa', 'd/x': 'xx', 'd/y': '' }
const BOTH = ['--checksums', 'sha256,md5']
const LISTS = ['a.iso.md5', 'a.iso.sha256', 'd.md5', 'd.sha256']

function sha256(bytes: string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The names of the lists of which something is reported. */
function listsIn(lists: readonly { readonly list: string }[]): string[] {
  return lists.map(({ list }) => basename(list)).sort()
}

function changesOf({ created, updated, checksumLists }: Report) {
  const { created: made, updated: renewed } = checksumLists
  return [entriesOf([...created, ...updated]), listsIn([...made, ...renewed])]
}

test('lists of checksums are written beside the torrents', async (t) => {
  const mirror = new Mirror(t, FILES)
  const report = await mirror.report(BOTH)
  assert.deepEqual(changesOf(report), [['a.iso', 'd'], LISTS])
  assert.deepEqual(mirror.list(), [...LISTS, 'a.iso.torrent', 'd.torrent'].sort())
  const list = readFileSync(join(mirror.target, 'd.sha256'), 'utf8')
  assert.equal(list, `${sha256('xx')}  d/x\n${sha256('')}  d/y\n`)
  assert.equal(report.bytesHashed, 6, 'what is read for both is counted once')
})

test('if nothing changed, lists stay and nothing is read', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  const again = await mirror.report(BOTH)
  assert.deepEqual(changesOf(again), [[], []])
  assert.deepEqual([again.unchanged, again.bytesHashed, again.bytesReused], [2, 0, 6])
})

test('lists that are asked for later are written, and torrents stay', async (t) => {
  const mirror = await Mirror.made(t, FILES)
  const first = await mirror.report(['--checksums', 'md5'])
  assert.deepEqual([changesOf(first), first.unchanged], [[[], ['a.iso.md5', 'd.md5']], 2])
  const second = await mirror.report(BOTH)
  assert.deepEqual(changesOf(second), [[], ['a.iso.sha256', 'd.sha256']])
})

test('a list that was deleted comes back from the cache', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  rmSync(join(mirror.target, 'd.md5'))
  const { checksumLists, bytesHashed } = await mirror.report(BOTH)
  assert.deepEqual([listsIn(checksumLists.created), bytesHashed], [['d.md5'], 0])
})

test('another tracker makes a run read nothing and change no list', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  const report = await mirror.report([...BOTH, '--comment', 'new'])
  assert.deepEqual([changesOf(report), report.bytesHashed], [[['a.iso', 'd'], []], 0])
})

test('lists follow changed content', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  writeFileSync(mirror.at('a.iso'), 'changed')
  assert.deepEqual(changesOf(await mirror.report(BOTH)), [['a.iso'], LISTS.slice(0, 2)])
  const list = readFileSync(join(mirror.target, 'a.iso.sha256'), 'utf8')
  assert.equal(list, `${sha256('changed')}  a.iso\n`)
})

test('lists beside the entries are no entries, with or without the option', async (t) => {
  const mirror = new Mirror(t, FILES)
  const beside = ['--target', mirror.source]
  await mirror.report([...beside, ...BOTH])
  const names = readdirSync(mirror.source).sort()
  assert.deepEqual(names, [...LISTS, 'a.iso', 'a.iso.torrent', 'd', 'd.torrent'].sort())
  for (const options of [BOTH, [], ['--checksums', 'sha1']]) {
    const { created, unchanged } = await mirror.report([...beside, ...options])
    assert.deepEqual([created, unchanged], [[], 2], options.join(' '))
  }
})

test('foreign lists beside the entries are not entries if the option is given', async (t) => {
  const mirror = new Mirror(t, { ...FILES, 'a.iso.sha256': 'theirs', 'b.sha256': 'of no entry' })
  const { created } = await mirror.report(BOTH)
  assert.deepEqual(entriesOf(created), ['a.iso', 'b.sha256', 'd'])
  assert.ok(!mirror.list().some((name) => name.startsWith('a.iso.sha256.')))
  assert.equal((await mirror.report(BOTH)).unchanged, 3)
  assert.deepEqual(entriesOf((await mirror.report()).created), ['a.iso.sha256'])
})

test('lists beside the entries of a moved directory are adopted', async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.report(['--target', mirror.source, ...BOTH])
  const moved = `${mirror.source}-moved`
  renameSync(mirror.source, moved)
  const places = [moved, '--cache-dir', mirror.cache, '--state-dir', mirror.state, '--no-date']
  const args = ['completedir', TRACKER, ...places, ...BOTH, '--json']
  const { stdout } = await runBtkit(args, { now: aheadOfFiles })
  const { created, unchanged, checksumLists } = JSON.parse(stdout) as Report
  assert.deepEqual([created, unchanged], [[], 2])
  assert.deepEqual([checksumLists.created, checksumLists.skipped], [[], []])
})

test('lists are no part of an entry that holds them', async (t) => {
  const mirror = new Mirror(t, { 'in/a': 'a' })
  const both = [mirror.at('in'), '--target', mirror.at('in')]
  const inner = ['completedir', TRACKER, ...both, '--state-dir', mirror.state, '--no-date', ...BOTH]
  const outer = ['completedir', TRACKER, mirror.source, mirror.at('in'), '--json', '--no-date']
  const places = ['--state-dir', mirror.state, '--cache-dir', mirror.cache]
  assert.equal((await runBtkit(inner)).status, 0)
  const report = async () => {
    const { stdout } = await runBtkit([...outer, ...places, ...BOTH], { now: aheadOfFiles })
    return JSON.parse(stdout) as Report
  }
  await report()
  assert.equal(readFileSync(mirror.at('in.md5'), 'utf8').split('\n').length, 2, 'one file')
  assert.deepEqual(changesOf(await report()), [[], []])
})

test('an identical foreign list is adopted, another one stays', async (t) => {
  const mirror = new Mirror(t, FILES)
  writeFileSync(join(mirror.target, 'a.iso.sha256'), `${sha256('aaaa')}  a.iso\n`)
  writeFileSync(join(mirror.target, 'd.sha256'), 'a book\n')
  const { checksumLists, failed } = await mirror.report(BOTH)
  assert.deepEqual(listsIn(checksumLists.created), ['a.iso.md5', 'd.md5'])
  assert.deepEqual(failed, [])
  assert.deepEqual(
    checksumLists.skipped.map(({ list, reason }) => [basename(list), reason]),
    [['d.sha256', 'foreign']],
  )
  assert.equal(readFileSync(join(mirror.target, 'd.sha256'), 'utf8'), 'a book\n')
  writeFileSync(mirror.at('a.iso'), 'changed')
  const after = await mirror.report(BOTH)
  assert.deepEqual(listsIn(after.checksumLists.updated), ['a.iso.md5', 'a.iso.sha256'])
})

test('an edited list stays and is reported; --force replaces it', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  const path = join(mirror.target, 'd.md5')
  writeFileSync(path, 'by hand\n')
  const { stderr } = assertStatus(await mirror.run([...BOTH, '--quiet']), 1)
  assert.match(stderr, /d\.md5: changed since completedir wrote it/)
  assert.equal(readFileSync(path, 'utf8'), 'by hand\n')
  await mirror.report([...BOTH, '--force'])
  assert.match(readFileSync(path, 'utf8'), /^[0-9a-f]{32} {2}d\/x\n/)
})

test('an empty file in the place of a list of ours is replaced', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  writeFileSync(join(mirror.target, 'd.md5'), '')
  assert.deepEqual(listsIn((await mirror.report(BOTH)).checksumLists.updated), ['d.md5'])
})

test('--prune removes lists with the torrent, also without the option', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  rmSync(mirror.at('a.iso'))
  const would = await mirror.report(['--prune', '--dry-run'])
  assert.deepEqual(listsIn(would.checksumLists.removed), ['a.iso.md5', 'a.iso.sha256'])
  assert.equal(mirror.list().length, 6)
  await mirror.report(['--prune'])
  assert.deepEqual(mirror.list(), ['d.md5', 'd.sha256', 'd.torrent'])
})

test('--prune does not remove foreign and edited lists', async (t) => {
  const mirror = await Mirror.made(t, FILES, BOTH)
  writeFileSync(join(mirror.target, 'a.iso.md5'), 'by hand')
  writeFileSync(join(mirror.target, 'gone.sha256'), 'of others')
  rmSync(mirror.at('a.iso'))
  const { checksumLists } = await mirror.report(['--prune'])
  assert.deepEqual(listsIn(checksumLists.skipped), ['a.iso.md5'])
  assert.deepEqual(mirror.list(), ['a.iso.md5', 'd.md5', 'd.sha256', 'd.torrent', 'gone.sha256'])
})

test('a dry run says which lists it would write, and writes none', async (t) => {
  const mirror = new Mirror(t, FILES)
  const { stdout } = await mirror.run([...BOTH, '--dry-run'])
  assert.match(stdout, /would create .*a\.iso\.sha256\n/)
  assert.deepEqual(mirror.list(), [])
})

test('a dry run says of which lists only the content could tell whether they stay', async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.report(BOTH, { now: Date.now })
  rmSync(join(mirror.target, 'd.md5'))
  const { stdout } = await mirror.run([...BOTH, '--dry-run'])
  const lines = stdout.split('\n').filter((line) => !line.includes('.torrent'))
  const unread = ' (or find it unchanged: its content must be read)'
  assert.deepEqual(lines.slice(0, -2), [
    `would create ${join(mirror.target, 'd.md5')}`,
    ...['a.iso.sha256', 'a.iso.md5', 'd.sha256'].map((list) => {
      return `would update ${join(mirror.target, list)}${unread}`
    }),
  ])
})

test('an entry that --min-age skips gets no list', async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.report([...BOTH, '--min-age', '1000'], { now: Date.now })
  assert.deepEqual(mirror.list(), [])
})

test('a file read just after its change is read again for its lists, and the lists stay', async (t) => {
  const mirror = new Mirror(t, FILES)
  await mirror.report(BOTH, { now: Date.now })
  const again = await mirror.report(BOTH)
  assert.deepEqual([changesOf(again), again.bytesHashed], [[[], []], 6])
  assert.equal((await mirror.report(BOTH)).bytesHashed, 0)
})

test('--on-change runs also if only lists changed', async (t) => {
  const mirror = await Mirror.made(t, FILES)
  const heard = join(makeScratch(t), 'heard')
  assertStatus(await mirror.run([...BOTH, '--on-change', `cat > ${heard}`]), 0)
  const { checksumLists } = JSON.parse(readFileSync(heard, 'utf8')) as Report
  assert.deepEqual(listsIn(checksumLists.created), LISTS)
})

test('if a directory is in the place of a list, only its entry fails', async (t) => {
  const mirror = new Mirror(t, FILES)
  mkdirSync(join(mirror.target, 'a.iso.md5'))
  const { failed, created } = await mirror.report(BOTH)
  assert.deepEqual([entriesOf(failed), entriesOf(created)], [['a.iso'], ['d']])
})
