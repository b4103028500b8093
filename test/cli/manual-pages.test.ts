import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../support/programs.js'

const DIRECTORY = join(projectRoot, 'man')
const pages = new Map(
  readdirSync(DIRECTORY).map((file) => [file, readFileSync(join(DIRECTORY, file), 'utf8')]),
)
const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  man: string[]
}

test('every manual page is installed', () => {
  assert.deepEqual(manifest.man.toSorted(), [...pages.keys()].map((file) => `./man/${file}`).sort())
})

test('every page that a page names exists', () => {
  for (const [file, text] of pages) {
    for (const [, name, section] of text.matchAll(/^\.(?:It )?Nm (bt\S+) Ns Pq (\d)/gm))
      assert.ok(pages.has(`${name}.${section}`), `${file}: ${name}(${section})`)
  }
})

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
