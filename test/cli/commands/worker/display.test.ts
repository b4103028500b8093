import assert from 'node:assert/strict'
import { test } from 'node:test'
import { totalsText, WorkDisplay } from '../../../../src/cli/commands/worker/display.js'
import type { Io } from '../../../../src/cli/io.js'
import { Captured } from '../../../support/run-btkit.js'
import { until } from '../../../support/until.js'

test('a terminal shows the jobs of now, and nothing between them', async () => {
  const stderr = Object.assign(new Captured(), { isTTY: true, columns: 80 })
  let now = 0
  const display = new WorkDisplay({ stderr, now: () => now, env: {} } as unknown as Io)
  const show = async (path: string) => {
    display.show({ bytesDone: 0, currentPath: path })
    await until('a bar is shown', () => stderr.text.includes(path))
    now += 10_000
    display.show({ bytesDone: 5 * 2 ** 20, currentPath: path })
    display.show(null)
    await display.hide()
  }
  await show('one.iso')
  const shown = stderr.text.length
  await show('two.iso')
  for (const text of [stderr.text.slice(0, shown), stderr.text.slice(shown)]) {
    assert.match(text, /5 MiB 512 KiB\/s/)
    // The cursor is back
    assert.ok(text.lastIndexOf('\u001b[?25h') > text.lastIndexOf('\u001b[?25l'))
  }
})

test('failed attempts are named only if there are some', () => {
  const bytes = 3 * 2 ** 30
  assert.equal(totalsText({ done: 12, bytes, failed: 0 }), '12 jobs done (3 GiB)\n')
  assert.equal(totalsText({ done: 1, bytes, failed: 2 }), '1 job done (3 GiB), 2 attempts failed\n')
})
