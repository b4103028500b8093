import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeScratch } from '../support/scratch.js'

test('lint finds names that two types have, comments cut off, literals spread, packages without integrity, and wide comments', (t) => {
  const cwd = makeScratch(t, {
    'package.json': '{"type":"module"}',
    'package-lock.json':
      '{"packages":{"":{},"a":{"integrity":"sha512-x"},"b":{"version":"1.0.0"}}}',
    'lint/source.js': readFileSync('scripts/lint/source.js', 'utf8'),
    'src/a.ts': '/** Of a file. */\nexport interface Place {}\n',
    'src/b.ts': '/* No doc */\n\nexport type Place = 1\nconst b = { ...{ a } }\n',
    'src/c.ts': `// ${'wide '.repeat(21)}\n`,
    'test/a.ts': '/**\n * Cut off.\n */\n\nconst a = 1\n/** Not. */\n',
  })
  execFileSync('git', ['init', '--quiet'], { cwd })
  const script = ['lint/source.js']
  const { status, stdout } = spawnSync(process.execPath, script, { cwd, encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(
    stdout,
    /^Place: exported by src\/a\.ts and src\/b\.ts\ntest\/a\.ts:3: .*\nsrc\/b\.ts:4: a literal .*\npackage-lock\.json: b: .*\nsrc\/c\.ts:1: a comment .*\n$/,
  )
})
