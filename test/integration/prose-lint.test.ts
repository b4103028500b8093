import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { projectRoot, runProgram } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

const LINTER = join(projectRoot, 'scripts/lint/prose.js')

const LONG = `One ${'word '.repeat(30)}more.`

/** Lints one file of a scratch directory. */
async function lint(t: TestContext, path: string, text: string) {
  const cwd = makeScratch(t, { [path]: text })
  const { status, stdout } = await runProgram(process.execPath, [LINTER, path], { cwd })
  return { status, lines: stdout.split('\n').filter((line) => line !== '') }
}

test('a comment with banned words is found, with words to use instead', async (t) => {
  const text = 'export const a = 1\n\n// Made anew\nexport const b = 2\n'
  assert.deepEqual(await lint(t, 'x/a.ts', text), {
    status: 1,
    lines: ['x/a.ts:3: "anew": again, recreate'],
  })
})

test('a docstring that hides its subject is found', async (t) => {
  const { lines } = await lint(
    t,
    'x/a.ts',
    '/**\n * A list. What a run saw it notes.\n */\nlet a\n',
  )
  assert.deepEqual(lines, [
    'x/a.ts:1: begins with "What", name the subject: What a run saw it notes.',
  ])
})

test('a question may begin with What', async (t) => {
  assert.deepEqual(await lint(t, 'x/README.md', 'What is it for?\n'), { status: 0, lines: [] })
})

test('sentences over 30 words are found in documents, manuals and C', async (t) => {
  for (const [path, text] of [
    ['docs/a.md', `# Title\n\n${LONG}\n`],
    ['man/a.1', `.Sh NAME\n.Nm a\n${LONG}\n`],
    ['native/a.c', `int a;\n/* ${LONG} */\nint b;\n`],
  ] as const) {
    const [line, ...others] = (await lint(t, path, text)).lines
    assert.match(line ?? '', /3[23] words, say it in two sentences: /, path)
    assert.deepEqual(others, [])
  }
})

test('examples, tables and inline code are left alone', async (t) => {
  const text = '```\nanew\n```\n\n| anew |\n| --- |\n\nThe word `anew` alone.\n'
  assert.deepEqual(await lint(t, 'docs/a.md', text), { status: 0, lines: [] })
})

test('a synopsis, references and lists of keys in a manual page are no sentences', async (t) => {
  const many = (line: string) => `${line} ,\n`.repeat(40)
  const text =
    `.Sh SYNOPSIS\n${many('.Nm a')}.Sh JSON\nEach has\n.Va ${'size , '.repeat(40)}name .\n` +
    `.Sh SEE ALSO\n${many('.Nm btkit Ns Pq 1')}`
  assert.deepEqual((await lint(t, 'man/a.1', text)).lines, [])
})

test('messages are read in the source, other code is not', async (t) => {
  const text = "const anew = 'anew'\nthrow new Error('a.torrent: must be made anew')\n"
  assert.deepEqual((await lint(t, 'src/a.ts', text)).lines, ['src/a.ts:2: "anew": again, recreate'])
  assert.deepEqual((await lint(t, 'x/a.ts', text)).lines, [])
})

test('an option whose description begins without a verb is found', async (t) => {
  const text = "new Option('--threads <n>', 'how many threads')\nnew Option('-q', 'Print less')\n"
  assert.deepEqual((await lint(t, 'src/cli/a.ts', text)).lines, [
    'src/cli/a.ts:1: begins without a verb: how many threads',
  ])
})

test('messages in any quotes and titles of command tests are sentences', async (t) => {
  for (const [path, text] of [
    ['src/a.ts', `const a = 'b: what is there now'\n`],
    ['src/a.ts', `const a = "can't be read: those that are left"\n`],
    ['test/cli/a.test.ts', `test('what a file holds is shown', () => {})\n`],
  ] as const) {
    assert.equal((await lint(t, path, text)).status, 1, text)
  }
  const other = await lint(t, 'test/core/a.test.ts', `test('what a file holds is shown', f)\n`)
  assert.equal(other.status, 0)
})
