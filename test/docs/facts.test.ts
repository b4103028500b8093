import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../support/run-btkit.js'

const GUIDES = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name))

/** Options of other programs that guides name. */
const OF_OTHERS = new Set([
  '--bt-detach-seed-only',
  '--failed',
  '--format',
  '--global',
  '--inplace',
  '--no-creator',
  '--prefix',
  '--seed-ratio',
])

test('the guides name no option that no command has', async () => {
  const known = new Set([...(await optionsOfCommands()), ...OF_OTHERS])
  const unknown = ['README.md', ...GUIDES].flatMap((path) => {
    const text = readFileSync(path, 'utf8').replace(/^ *```.*?^ *```$/gms, '')
    return optionsIn(text)
      .filter((option) => !known.has(option))
      .map((option) => `${path}: ${option}`)
  })
  assert.deepEqual(unknown, [])
})

test('the charts show figures of the guide to performance', () => {
  const guide = readFileSync('docs/performance.md', 'utf8')
  const charts = JSON.parse(readFileSync('docs/figures.json', 'utf8')) as Record<
    string,
    { bars: [string, number][] }
  >
  const figures = Object.values(charts).flatMap(({ bars }) =>
    bars.map(([, value]) => value.toLocaleString('en')),
  )
  assert.ok(figures.length > 10)
  assert.deepEqual(
    figures.filter((figure) => !guide.includes(figure)),
    [],
  )
})

async function optionsOfCommands(): Promise<string[]> {
  const commands = commandsIn((await runBtkit(['--help'])).stdout)
  const caches = commandsIn((await runBtkit(['cache', '--help'])).stdout)
  const calls = [[], ...commands.map((name) => [name]), ...caches.map((name) => ['cache', name])]
  const texts = await Promise.all(calls.map((call) => runBtkit([...call, '--help'])))
  // Taken from bttrack and the like without being shown
  const accepted = readFileSync('docs/from-bittornado.md', 'utf8')
  return [...texts.map(({ stdout }) => stdout), accepted].flatMap(optionsIn)
}

function commandsIn(help: string): string[] {
  const list = help.split('\n  -h, --help ')[1] ?? ''
  return [...list.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name)
}

function optionsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][a-z0-9_-]+/g)].map(([option]) =>
    option.replaceAll('_', '-'),
  )
}
