import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runBtkit } from '../../support/run-btkit.js'

for (const args of [
  ['serve', ''],
  ['launchmany', ''],
  ['serve', '', '--trackerless'],
]) {
  test(`${args.join(' ')}: an empty name does not mean the current directory`, async () => {
    const { status, stderr } = await runBtkit(args)
    assert.deepEqual(
      [status, stderr],
      [2, 'btkit: the name of a directory is empty; a variable may be unset\n'],
    )
  })
}

for (const command of ['verify', 'lint', 'download']) {
  test(`${command}: an empty name can be read in the message`, async () => {
    const { status, stderr } = await runBtkit([command, ''])
    assert.deepEqual([status, stderr], [1, "btkit: '': no such file or directory\n"])
  })
}
