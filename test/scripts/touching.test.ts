import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { projectRoot, runProgram } from '../support/programs.js'
import { plantFiles, makeScratch } from '../support/scratch.js'

const SUMS = `export function add(a, b) {
  return a + b
}

export class Sum {
  constructor() {
    this.all = [1, 2]
  }

  total() {
    return this.all.reduce((sum, each) => sum + each, 0)
  }
}
`

/** A test file that has one test, of what it imports. */
function testOf(imported: string, act: string): string {
  return `import { test } from 'node:test'
import { ${imported} } from '../../src/core/sums.js'
test('${act}', () => void ${act})
`
}

const TESTS = {
  'test/core/add.test': testOf('add', 'add(1, 2)'),
  'test/core/loads.test': testOf('Sum', 'Sum'),
  'test/cli/total.test': testOf('Sum', 'new Sum().total()'),
  'test/integration/whole.test': "import { test } from 'node:test'\ntest('whole', () => {})\n",
}

/** A project whose last commit has these tests; `run` runs some of them. */
function openProject(t: TestContext, files: Readonly<Record<string, string>> = TESTS) {
  const cwd = makeScratch(t, {
    'package.json': '{"type":"module"}',
    '.gitignore': 'dist\nnode_modules\n',
  })
  const plant = (path: string, text: string) => {
    plantFiles(cwd, { [`${path}.ts`]: text, [`dist/${path}.js`]: text })
  }
  plant('src/core/sums', SUMS)
  for (const [path, text] of Object.entries(files)) plant(path, text)
  const git = (...args: string[]) => execFileSync('git', args, { cwd })
  git('init', '-q')
  git('add', '.')
  git('-c', 'user.name=n', '-c', 'user.email=e', 'commit', '-qm', 'begin')
  const run = async (...args: readonly string[]) => {
    const script = join(projectRoot, 'scripts', 'test.js')
    const { status, stdout, stderr } = await runProgram(process.execPath, [script, ...args], {
      cwd,
    })
    const count = Number(/^(\d+) files in/m.exec(stdout)?.[1] ?? 0)
    return { status, stdout, stderr, count }
  }
  return { cwd, plant, run }
}

test('the tests that run a function are run, wherever they lie', async (t) => {
  const { cwd, plant, run } = openProject(t)
  assert.equal((await run('--map')).status, 0)
  // A failure tells which of them are run
  for (const [path, text] of Object.entries(TESTS)) plant(path, text.replace('void', 'nothing ||'))
  const failed = async (...args: string[]) => {
    const { stdout } = await run('--touching', ...args)
    return [...new Set(stdout.match(/(?<=^FAILED test\/)\w+\/\w+/gm) ?? [])].sort()
  }
  assert.deepEqual(await failed('src/core/sums.ts'), ['cli/total', 'core/add'])
  assert.deepEqual(await failed('src/core/sums.ts:2'), ['core/add'])
  assert.deepEqual(await failed('src/core/sums.ts:11'), ['cli/total'])
  for (const [path, text] of Object.entries(TESTS)) plant(path, text)
  // Lines moved, and one function changed
  const changed = `// Sums\n\n${SUMS.replace('a + b', 'b + a')}`
  writeFileSync(join(cwd, 'src/core/sums.ts'), changed)
  assert.equal((await run('--touching', 'src/core/sums.ts:4')).count, 1)
})
