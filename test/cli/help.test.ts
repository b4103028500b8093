import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandTable } from '../../src/cli/command-list.js'
import { runBtkit } from '../support/run-btkit.js'

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
    assert.match(headings[0] ?? 'Options:', /^(?:Options|Settings)/, name)
  }
})

test('a long name of an option does not make the descriptions narrow', async () => {
  const { stdout } = await runBtkit(['track', '--help'])
  assert.match(stdout, /^ {2}--parse-dir-interval <seconds>\n {20,34}\S/m)
})

test('the help of a command for files names the settings of machines without describing them', async () => {
  const { stdout } = await runBtkit(['completedir', '--help'])
  assert.match(stdout, /^Settings, usually of a configuration \(btkit-config\(1\)\):\n {2}--/m)
  assert.match(stdout.slice(stdout.indexOf('Settings,')), /--cache-url, --share,/)
  assert.doesNotMatch(stdout, /--cache-url <url>/)
})

/** The most options that people choose from. Settings and old names are not among them. */
for (const [name, most] of [
  ['makemetafile', 52],
  ['completedir', 60],
  ['serve', 45],
  ['track', 45],
] as const) {
  test(`the help of ${name} describes at most ${most} options`, async () => {
    const { stdout } = await runBtkit([name, '--help'])
    const options = stdout.match(/^ {2}(?:-\w, )?--[\w-]+(?: \S+)?(?: {2,}|\n +)[\w-]+/gm) ?? []
    const described = options.filter((each) => !each.includes('--help')).length
    const ways =
      'make it a value of another option, hide one that few need, or raise the number here'
    assert.ok(described <= most, `${described} options are more than people choose from: ${ways}`)
  })
}
