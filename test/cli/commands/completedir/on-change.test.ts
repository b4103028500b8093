import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { entriesOf, Mirror, type Report } from '../../../support/mirror.js'
import { assertStatus } from '../../../support/run-btkit.js'

function readReport(path: string): Report {
  return JSON.parse(readFileSync(path, 'utf8')) as Report
}

/** What becomes of the record of a command that failed, and what is then due. */
const LEFT: Readonly<
  Record<string, { spoil: (record: string) => void; isDue: boolean; names: readonly string[] }>
> = {
  'is whole': { spoil: () => undefined, isDue: true, names: ['a'] },
  'has a damaged line': {
    spoil: (record) => {
      writeFileSync(record, readFileSync(record, 'latin1').replaceAll('created', 'cheated'))
    },
    isDue: true,
    names: [],
  },
  'is something else': {
    spoil: (record) => {
      writeFileSync(record, 'my notes')
    },
    isDue: true,
    names: [],
  },
  'is empty': {
    spoil: (record) => {
      writeFileSync(record, '')
    },
    isDue: true,
    names: [],
  },
  'is deleted': { spoil: rmSync, isDue: false, names: [] },
}

for (const [what, { spoil, isDue, names }] of Object.entries(LEFT)) {
  test(`a command of --on-change that failed is ${isDue ? '' : 'not '}run again if its record ${what}`, async (t) => {
    const mirror = new Mirror(t, { a: 'a' })
    const heard = join(mirror.root, 'heard')
    const run = (command: string, ...args: readonly string[]) =>
      mirror.run(['--quiet', '--on-change', command, ...args])
    assertStatus(await run('exit 3'), 1)
    const due = join(mirror.state, 'due')
    const record = join(due, readdirSync(due)[0]!)
    spoil(record)
    const isSpoilt = isDue && names.length === 0
    const warning = isSpoilt ? `btkit: warning: state ${record}: damaged` : ''
    const would = isDue ? /^btkit: dry run: [^\n]*--on-change[^\n]* earlier run/m : /^$/
    const dry = await mirror.run(['--on-change', `cat > ${heard}`, '--dry-run'])
    assert.match(assertStatus(dry, 0).stderr, would)
    assert.ok(dry.stderr.startsWith(warning))
    assert.equal(existsSync(heard), false)
    const { stderr } = assertStatus(await run(`cat > ${heard}`), 0)
    assert.deepEqual(
      [stderr.split('\n').length, stderr.startsWith(warning)],
      [isSpoilt ? 2 : 1, true],
    )
    assert.equal(existsSync(heard), isDue)
    if (!isDue) return
    const { created, unchanged } = readReport(heard)
    assert.deepEqual([entriesOf(created), unchanged], [names, 1])
    rmSync(heard)
    assert.equal(assertStatus(await run(`cat > ${heard}`), 0).stderr, '')
    assert.equal(existsSync(heard), false)
  })
}

/** Ways in which the torrents of a command that failed go, or become others. */
const SINCE: Readonly<Record<string, (mirror: Mirror) => unknown>> = {
  'a run without the command pruned it': (mirror) => {
    rmSync(mirror.at('a'))
    return mirror.report(['--prune'])
  },
  'somebody removed it': (mirror) => {
    for (const path of [mirror.at('a'), mirror.torrent('a')]) rmSync(path)
  },
  'a run without the command updated it': (mirror) => {
    writeFileSync(mirror.at('a'), 'another')
    return mirror.report()
  },
}

for (const [what, change] of Object.entries(SINCE)) {
  for (const list of ['created', 'updated'] as const) {
    test(`a command that failed gets the torrent as it is now if it was ${list} and ${what}`, async (t) => {
      const mirror = new Mirror(t, { a: 'a', keep: 'keep' })
      const heard = join(mirror.root, 'heard')
      const command = (line: string) => ['--quiet', '--on-change', line]
      const infoHashOf = (name: string) =>
        parseMetainfo(readFileSync(mirror.torrent(name)), { maxSize: 1e6 }).infoHash
      let known: string | null = null
      if (list === 'updated') {
        await mirror.report()
        known = infoHashOf('a')
        writeFileSync(mirror.at('a'), 'changed')
      }
      assertStatus(await mirror.run(command(`cat > ${heard}; exit 1`)), 1)
      const before = infoHashOf('a')
      await change(mirror)
      const dry = await mirror.run(['--on-change', 'true', '--dry-run'])
      assert.match(assertStatus(dry, 0).stderr, /--on-change would run its command, which is due/)
      rmSync(heard)
      for (const line of [`cat > ${heard}; exit 1`, `cat > ${heard}`]) {
        await mirror.run(command(line))
        const isThere = existsSync(mirror.at('a'))
        const told = readReport(heard)
        const [now] = told[isThere ? list : 'removed'].splice(0, 1)
        assert.deepEqual(
          [now?.source, now?.infoHash, now?.oldInfoHash],
          [mirror.at('a'), isThere ? infoHashOf('a') : null, isThere ? known : (known ?? before)],
        )
        const others = [told.created, told.updated, told.removed].flatMap(entriesOf)
        assert.deepEqual(others, list === 'created' ? ['keep'] : [])
      }
      assert.deepEqual(readdirSync(join(mirror.state, 'due')), [])
    })
  }
}
