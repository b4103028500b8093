import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { commandTable } from '../../src/cli/command-list.js'
import { projectRoot } from '../support/programs.js'
import { runBtkit } from '../support/run-btkit.js'

const DIRECTORY = join(projectRoot, 'man')
const pages = new Map(
  readdirSync(DIRECTORY).map((file) => [file, readFileSync(join(DIRECTORY, file), 'utf8')]),
)
const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  man: string[]
}

/** Options of every command, which btkit(1) and btkit-config(1) describe. */
const OF_ALL = new Set(['--config', '--help'])

test('every manual page is installed', () => {
  assert.deepEqual(manifest.man.toSorted(), [...pages.keys()].map((file) => `./man/${file}`).sort())
})

test('every page that a page names exists', () => {
  for (const [file, text] of pages) {
    for (const [, name, section] of text.matchAll(/^\.(?:It )?Nm (bt\S+) Ns Pq (\d)/gm))
      assert.ok(pages.has(`${name}.${section}`), `${file}: ${name}(${section})`)
  }
})

for (const { name } of commandTable) {
  test(`the manual has every option of ${name}`, async () => {
    const file = [`btkit-${name}.1`, `btkit-${name}.8`].find((each) => pages.has(each))
    assert.ok(file)
    const text = textOf(file)
    const { stdout } = await runBtkit([name, '--help'])
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option)
    const missing = options.filter((each) => each && !isIn(text, each))
    assert.deepEqual(
      missing.filter((each) => !OF_ALL.has(each ?? '')),
      [],
    )
  })
}

test('no value of an option is printed with a hyphen, as a second word of Fl would be', () => {
  for (const [file, text] of pages) assert.doesNotMatch(text, /\bFl -\S+ [\da-z]/, file)
})

test('mandoc finds no fault', (t) => {
  // A page that is only another name of one (.so) is found where it is installed
  const own = [...pages].filter(([, text]) => !text.startsWith('.so '))
  const files = own.map(([file]) => join(DIRECTORY, file))
  const { error, stdout } = spawnSync('mandoc', ['-T', 'lint', ...files], { encoding: 'utf8' })
  if (error) t.skip('mandoc is not installed')
  else assert.doesNotMatch(stdout, /(?:STYLE|WARNING|ERROR)/)
})

/** A page, with those that it leaves options to. */
function textOf(file: string): string {
  const others = [
    `btkit-makemetafile.1`,
    'btkit-editing.7',
    'btkit-publish.1',
    'btkit-launchmany.1',
  ]
  const named = others.filter((each) =>
    pages.get(file)?.includes(`.Nm ${each.slice(0, -2)} Ns Pq ${each.at(-1)}`),
  )
  return [file, ...named].map((each) => pages.get(each)).join('\n')
}

function isIn(text: string, option: string): boolean {
  return new RegExp(`[ ,]-${option.slice(2)}(?![\\w-])`).test(text)
}
