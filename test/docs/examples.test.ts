import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { projectRoot, runProgram } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'
import { longTest } from '../support/long.js'

// Needs the built program: the package is imported

// Runs each `js` and `ts` block of the guides as a module, in the order of the guide, in a
// directory with a few files. `import 'btkit'` finds the package as it is built.

const FILES = {
  'image.iso': Buffer.alloc(1_500_000, 'image'),
  'release/README': 'Unpack it.\n',
  'release/tool.tar.gz': Buffer.alloc(700_000, 'tool'),
  'files/a.txt': 'text',
  'files/b.txt': 'text',
  'torrents/README': 'text',
}

const guides = readdirSync('docs').filter((name) => name.endsWith('.md'))
for (const guide of guides) {
  const markdown = readFileSync(join('docs', guide), 'utf8')
  const blocks = [...markdown.matchAll(/^```([jt]s)\n([\s\S]*?)^```$/gm)]
  if (blocks.length === 0) continue
  // The programs of library.md take seconds
  const declare = guide === 'library.md' ? longTest : test
  declare(`the programs in ${guide} run`, async (t) => {
    const scratch = makeScratch(t, FILES)
    mkdirSync(join(scratch, 'node_modules'))
    symlinkSync(projectRoot, join(scratch, 'node_modules/btkit'))
    for (const name of ['create-torrent', 'fastify', 'parse-torrent']) {
      symlinkSync(join(projectRoot, 'node_modules', name), join(scratch, 'node_modules', name))
    }
    for (const [at, [, language, code = '']] of blocks.entries()) {
      const file = join(scratch, `example-${at}.mjs`)
      writeFileSync(file, language === 'ts' ? compile(code) : code)
      const { status, stdout, stderr } = await runProgram(process.execPath, [file], {
        cwd: scratch,
      })
      assert.deepEqual([status, stderr], [0, ''], code)
      assert.notEqual(stdout, '', code)
    }
  })
}

/** JavaScript of an example in TypeScript; `npm run check:package` checks its types. */
function compile(code: string): string {
  const { ESNext: module } = ts.ModuleKind
  const compilerOptions = { module, target: ts.ScriptTarget.ES2022 }
  return ts.transpileModule(code, { compilerOptions }).outputText
}
