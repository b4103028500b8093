import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandTable } from '../../src/cli/command-list.js'
import { assertError, runBtkit } from '../support/run-btkit.js'

/** Verbs with which the descriptions of options begin. */
const VERBS = new Set(
  (
    'accept add adopt allow announce answer append appear ask assume attach begin bind check choose close ' +
    'compare convert display do download edit end exclude exit fail find follow forget forward ' +
    'hash have give ignore include keep leave let limit listen look log make name obey ' +
    'omit open overwrite plan prepend print publish put read record redirect refuse remember ' +
    'remove replace report request run save search seed select send serve set share show sign skip ' +
    'sort start stop store tell track trust use wait work write'
  ).split(' '),
)

/** Options that are not grouped, at most, in a command that has no groups. */
const FEW = 9

for (const { name } of commandTable) {
  test(`the help of ${name} says what each option does, in groups, with two examples`, async () => {
    const { stdout } = await runBtkit([name, '--help'])
    const options = stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: \S+)?(?: {2,}|\n +)([\w-]+)/gm)
    const wrong = [...options].filter(([, , word]) => !VERBS.has(word ?? ''))
    assert.deepEqual(
      wrong.map(([text]) => text),
      [],
    )

    const ungrouped = /^Options:\n((?: .*\n)*)/m.exec(stdout)?.[1] ?? ''
    assert.ok((ungrouped.match(/^ {2}-/gm) ?? []).length <= FEW, ungrouped)

    const examples = stdout.match(new RegExp(`^ {2}btkit ${name}\\b`, 'gm')) ?? []
    assert.ok(name === 'doctor' || examples.length >= 2, stdout)
  })
}

test('-q is --quiet in each command that has it, and rarely needed options are last', async () => {
  for (const { name } of commandTable) {
    const { stdout } = await runBtkit([name, '--help'])
    assert.doesNotMatch(stdout, /^ +--quiet/m, name)
    const [, rest] = stdout.split('\nRarely needed:\n')
    const headings = rest?.match(/^[A-Z][^.]*:$/gm) ?? []
    assert.match(headings[0] ?? 'Options:', /^(?:Options|Examples|Addresses)/, name)
  }
})

test('a long name of an option does not make the descriptions narrow', async () => {
  const { stdout } = await runBtkit(['track', '--help'])
  assert.match(stdout, /^ {2}--parse-dir-interval <seconds>\n {20,34}\S/m)
})

test('the help says that -h shows the main options', async () => {
  const { stdout } = await runBtkit(['track', '--help'])
  assert.match(stdout, /^ {2}-h, --help +show the main options \(-h\), or all$/m)
})

for (const { name, basics = '' } of commandTable) {
  test(`${name} -h fits one screen, and its last line names --help`, async () => {
    const { stdout, status } = await runBtkit([name, '-h'])
    const lines = stdout.trimEnd().split('\n')
    assert.ok(status === 0 && lines.length <= 40, stdout)
    if (!stdout.includes('\nCommands:'))
      assert.match(lines.slice(-2).join(' '), / --help lists all options; /)
    // Some print the beginning of it if they get no arguments
    const beginning = ['hash', 'makemetafile'].includes(name) ? await runBtkit([name]) : null
    for (const line of [...lines, ...(beginning?.stderr.split('\n') ?? [])])
      assert.ok(line.startsWith('  btkit ') || line.length <= 80, line)
    for (const option of basics.split(' ')) assert.match(stdout, new RegExp(`--${option}\\b`))
  })
}

test('help of a command in a group is its own, and a wrong name is refused', async () => {
  for (const name of ['prune', 'clear']) {
    const own = (await runBtkit(['cache', name, '--help'])).stdout
    for (const args of [
      ['help', 'cache', name],
      ['cache', 'help', name],
    ])
      assert.equal((await runBtkit(args)).stdout, own, args.join(' '))
  }
  for (const args of [
    ['help', 'cache', 'nosuch'],
    ['cache', 'help', 'nosuch'],
  ])
    assertError(await runBtkit(args), 'usage', 'nosuch')
})
