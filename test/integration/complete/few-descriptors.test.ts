import assert from 'node:assert/strict'
import { test } from 'node:test'
import { executable } from '../../support/executable.js'
import { runProgram } from '../../support/programs.js'
import { filesBelow } from '../../support/collection.js'
import { makeScratch } from '../../support/scratch.js'

test('a tree of many directories needs few open files', async (t) => {
  const names = Array.from({ length: 400 }, (_, at) => `tree/${at}/a.iso`)
  const directory = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  const run = 'ulimit -n 512; exec "$@"'
  const words = ['completedir', 'http://t.example/announce', 'tree', '--recursive', '-q']
  const program = ['sh', process.execPath, executable('btkit'), ...words]
  const env = { BTKIT_STATE_DIR: 'state', BTKIT_CACHE_DIR: 'cache' }
  const result = await runProgram('sh', ['-c', run, ...program], { cwd: directory, env })
  assert.deepEqual([result.status, result.stderr], [0, ''])
  const made = filesBelow(directory).filter((path) => path.endsWith('.iso.torrent'))
  assert.equal(made.length, names.length)
})
