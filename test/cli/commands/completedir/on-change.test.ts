import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { entriesOf, Mirror, type Report } from '../../../support/mirror.js'
import { assertStatus } from '../../../support/run-btkit.js'

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
    const { created, unchanged } = JSON.parse(readFileSync(heard, 'utf8')) as Report
    assert.deepEqual([entriesOf(created), unchanged], [names, 1])
    rmSync(heard)
    assert.equal(assertStatus(await run(`cat > ${heard}`), 0).stderr, '')
    assert.equal(existsSync(heard), false)
  })
}
