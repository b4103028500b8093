import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { projectRoot, runProgram } from '../support/programs.js'
import { quickFirst } from '../support/long.js'
import { makeScratch } from '../support/scratch.js'

const LINTER = join(projectRoot, 'scripts/lint/prose.js')

const LONG = `One ${'word '.repeat(30)}more.`

/** Lints one file of a scratch directory. */
async function lint(t: TestContext, path: string, text: string) {
  const cwd = makeScratch(t, { [path]: text })
  const { status, stdout } = await runProgram(process.execPath, [LINTER, path], { cwd })
  return { status, lines: stdout.split('\n').filter((line) => line !== '') }
}

const many = (line: string) => `${line} ,\n`.repeat(40)

/** Texts of files, and what the linter says of them. */
const TEXTS: [what: string, path: string, text: string, said: RegExp | null][] = [
  ['banned words', 'a.md', '# A\n\nMade anew\n', /^a\.md:3: "anew": again, recreate$/],
  [
    'a sentence that hides its subject',
    'a.md',
    'A list. What a run saw it notes.\n',
    /^a\.md:1: begins with "What", name the subject: What a run saw it notes\.$/,
  ],
  ['a question', 'x/README.md', 'What is it for?\n', null],
  [
    'a long sentence',
    'docs/a.md',
    `# Title\n\n${LONG}\n`,
    /3[23] words, say it in two sentences: /,
  ],
  ['one of a manual', 'man/a.1', `.Sh NAME\n.Nm a\n${LONG}\n`, /3[23] words, say it in two/],
  [
    'examples, tables and inline code',
    'docs/a.md',
    '```\nanew\n```\n\n| anew |\n| --- |\n\nThe word `anew` alone.\n',
    null,
  ],
  [
    'a synopsis, references and lists of keys',
    'man/a.1',
    `.Sh SYNOPSIS\n${many('.Nm a')}.Sh JSON\nEach has\n.Va ${'size , '.repeat(40)}name .\n` +
      `.Sh SEE ALSO\n${many('.Nm btkit Ns Pq 1')}`,
    null,
  ],
]

const testText = quickFirst(3)

for (const [what, path, text, said] of TEXTS) {
  testText(`${what} in ${path} is ${said === null ? 'left alone' : 'found'}`, async (t) => {
    const { status, lines } = await lint(t, path, text)
    assert.deepEqual([status, lines.length], said === null ? [0, 0] : [1, 1], lines.join('\n'))
    if (said !== null) assert.match(lines[0] ?? '', said)
  })
}
