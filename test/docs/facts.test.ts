import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { test } from 'node:test'
import { commandTable } from '../../src/cli/command-list.js'
import { NAMES_ELSEWHERE } from '../../src/cli/options/old-names.js'
import { leafCommands } from '../../src/cli/options/table.js'
import { MOST_FILES, MOST_PIECES } from '../../src/fleet/job.js'
import { FIXED_LIMITS } from '../../src/mirror/options.js'
import { MAX_MARKDOWN } from '../../src/page-parts/markdown.js'
import { USUAL } from '../../src/tracker/app/settings.js'
import { USUAL_LIMITS } from '../../src/tracker/swarms/swarm-types.js'
import { allCommands } from '../support/commands.js'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

const GUIDES = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => join('docs', name))

const PAGES = readdirSync('man').map((name) => join('man', name))

/** Options of other programs, ignored ones, and beginnings that guides and pages name. */
const OF_OTHERS = new Set([
  '--filesystem-encoding',
  '--no-',
  '--print-md',
  '--tag',
  '--unix-socket',
  '--workers',
  '--bt-detach-seed-only',
  '--failed',
  '--format',
  '--full',
  '--global',
  '--ignore-scripts',
  '--inplace',
  '--long',
  '--no-creator',
  '--own',
  '--prefix',
  '--seed-ratio',
])

test('guides and manual pages name no option that no command has', async () => {
  const known = new Set([...(await optionsOfCommands()), ...OF_OTHERS])
  const unknown = ['README.md', ...GUIDES, ...PAGES].flatMap((path) => {
    const text = readFileSync(path, 'utf8').replace(/^ *```.*?^ *```$/gms, '')
    return optionsIn(text.replaceAll(/\bFl -(?=[a-z])/g, '--'))
      .filter((option) => !known.has(option))
      .map((option) => `${path}: ${option}`)
  })
  assert.deepEqual(unknown, [])
})

test('each key that the page of the configuration names is one', async () => {
  const keys = new Set((await optionsOfCommands()).map((option) => option.replace(/^--/, '')))
  const { properties } = JSON.parse((await runBtkit(['config', 'schema'])).stdout) as {
    properties: Readonly<Record<string, unknown>>
  }
  const page = readFileSync('man/btkit-config.1', 'utf8')
  const named = [...page.matchAll(/^\.(?:It )?Cm ([a-z-]+(?: , [a-z-]+)*)/gm)]
  const words = named.flatMap(([, list = '']) => list.split(' , '))
  const values = new Set(['true', 'false', 'file', 'env', 'show', 'check', 'init', 'schema'])
  assert.ok(words.length > 30)
  const isKnown = (word: string) => keys.has(word) || word in properties || values.has(word)
  assert.deepEqual(
    words.filter((word) => !isKnown(word)),
    [],
  )
})

for (const [path, fence] of [
  ['man/btkit-config.1', /^\.Bd -literal.*\n([^]*?)^\.Ed$/gm],
  ['docs/coming-from.md', /^```yaml\n([^]*?)^```$/gm],
  ['docs/seeding.md', /^```yaml\n([^]*?)^```$/gm],
] as const) {
  test(`the configurations of ${path} are valid`, async (t) => {
    const blocks = [...readFileSync(path, 'utf8').matchAll(fence)].map(([, text = '']) => text)
    const files = blocks.filter((text) => /^\w+:$/m.test(text))
    assert.ok(files.length > 0)
    const texts = files.map((text, n) => [`${n}.yaml`, text] as const)
    const root = makeScratch(t, Object.fromEntries(texts))
    const env = { SEEDER: 'deluge+http://127.0.0.1:8112' }
    for (const [name, text] of texts) {
      const result = await runBtkit(['config', 'check', '--config', join(root, name)], { env })
      assert.deepEqual([result.status, result.stderr], [0, ''], text)
    }
  })
}

test('each limit of docs/limits.md names a test or a measurement, which is there', async () => {
  const files = readdirSync('bench/beside/rows').map((name) => resolve('bench/beside/rows', name))
  const modules = (await Promise.all(files.map((file) => import(file)))) as {
    readonly ROWS: readonly { readonly name: string }[]
  }[]
  const rows = modules.flatMap(({ ROWS }) => ROWS.map(({ name }) => name))
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  const page = readFileSync('docs/limits.md', 'utf8')
  const tables = [...page.matchAll(/^\|.* \| held by \|\n\|[ -|]*\n((?:\|.*\n)+)/gm)]
  const limits = tables.flatMap(([, rows = '']) => rows.trimEnd().split('\n'))
  assert.ok(limits.length > 50)
  const heldBy = (row: string) => /\| ((?:test|bench) [^|]*) \|$/.exec(row)?.[1]
  assert.deepEqual(
    limits.filter((row) => heldBy(row) === undefined),
    [],
  )
  const named = limits.flatMap((row) => heldBy(row)?.split(/, (?=bench )|^(?=bench )/) ?? [])
  const missing = named.flatMap((each) => {
    if (each.startsWith('bench '))
      return rows.some((row) => row.includes(each.slice(6))) ? [] : each
    const paths = each.replace(/^test /, '').split(/, (?:test )?/)
    return paths.filter((path) => !tests.some((file) => file.startsWith(`${path}.`)))
  })
  assert.deepEqual(missing.filter(Boolean), [])
})

test('the limits that other tests make smaller are those of docs/limits.md', () => {
  const page = readFileSync('docs/limits.md', 'utf8')
  const number = (value: number) => value.toLocaleString('en')
  const of = FIXED_LIMITS
  const { maxPeers, maxSwarms, maxPerAddress, maxPerAddressInSwarm } = USUAL_LIMITS
  const perAddress = '`--max-per-address`, `--max-per-address-in-swarm`'
  for (const limit of [
    `body | ${of.headerTimeout / 1000} s and ${of.bodyTimeout / 1000} s`,
    `unfinished torrents of one client | ${of.maxPerClient}`,
    `at the same time | ${of.maxPlanning} and ${of.maxHashing}`,
    `files of one request | ${number(of.maxMatches)}`,
    `torrent of a directory | ${number(of.maxFiles)} and ${of.maxSize / 2 ** 40} TiB`,
    `length of a form, and paths in it | ${of.maxBody / 2 ** 20} MiB and ${number(of.maxPaths)}`,
    `peers in total | ${number(maxPeers)} (\`--max-peers\`)`,
    `torrents in total | ${number(maxSwarms)} (\`--max-swarms\`)`,
    `peers in an answer | ${USUAL.answers.responseSize}, at most ${USUAL.answers.maxGive} (\`--response-size\`, \`--max-give\`)`,
    `formatted texts in memory | ${MAX_MARKDOWN / 1024} KiB and 4 MiB`,
    `in one job | 64 GiB, ${number(MOST_PIECES)} pieces, ${number(MOST_FILES)} files`,
    `\`serve --seed\` | ${number(maxPerAddress)} and ${maxPerAddressInSwarm} (${perAddress})`,
  ])
    assert.ok(page.includes(`${limit} |`), limit)
})

test('each link of the documents leads to a file and a heading that are there', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'SECURITY.md', ...GUIDES]
  const broken = pages.flatMap((page) => {
    const text = readFileSync(page, 'utf8').replace(/^ *```.*?^ *```$/gms, '')
    const links = [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)/g)]
    return links
      .filter(([, path = '', heading = '']) => {
        const file = path === '' ? page : join(page, '..', path)
        return !existsSync(file) || (heading !== '' && !headingsOf(file).includes(heading))
      })
      .map(([link]) => `${page}: ${link}`)
  })
  assert.deepEqual(broken, [])
})

test('the quick start has a command that makes a torrent, then one that runs the tests', () => {
  const [, start = ''] =
    /^## Quick start\n([^]*?)^## /m.exec(readFileSync('README.md', 'utf8')) ?? []
  const blocks = [...start.matchAll(/^```sh\n(.*)\n```$/gm)].map(([, command]) => command)
  assert.match(blocks[0] ?? '', /^npm ci && node bin\/btkit\.js makemetafile \S+ http:\S+$/)
  assert.deepEqual(blocks.slice(1), ['npm test'])
})

test('the first page leads to each guide', () => {
  const list = readFileSync('docs/start.md', 'utf8').split('## All guides')[1] ?? ''
  const linked = new Set([...list.matchAll(/\]\(([^)#]+\.md)/g)].map(([, path = '']) => path))
  const others = GUIDES.map((path) => basename(path)).filter((name) => name !== 'start.md')
  assert.deepEqual(
    others.filter((name) => !linked.has(name)),
    [],
  )
})

test('commands that change a unit have sudo', () => {
  const acts = 'edit|enable|disable|re(?:start|load)|st(?:art|op)|daemon-reload|try-restart'
  // In quotes it is run by certbot, as root
  const bare = new RegExp(`.*(?<!sudo |')\\bsystemctl (?:${acts})\\b.*`, 'g')
  const found = GUIDES.flatMap((path) => readFileSync(path, 'utf8').match(bare) ?? [])
  assert.deepEqual(found, [])
})

test('the guide to JSON has all codes of errors', () => {
  const [, part = ''] =
    /^## Codes of errors$(.*?)^## /ms.exec(readFileSync('docs/json.md', 'utf8')) ?? []
  const named = [...part.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code)
  const source = readFileSync('src/base/errors.ts', 'utf8').split('/**')[1] ?? ''
  const codes = [...source.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map(([, code = '']) => code)
  assert.ok(codes.length > 20)
  assert.deepEqual(
    named.filter((code) => code !== 'code' && code !== 'internal').sort(),
    codes.sort(),
  )
})

/** The anchors of headings, as GitHub makes them. */
function headingsOf(file: string): string[] {
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)]
  return headings.map(([, text = '']) => {
    return text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  })
}

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

test('the guide of the library has the functions of each command, or says why it has none', () => {
  const guide = readFileSync('docs/library.md', 'utf8')
  const [, part = ''] = /^## Commands and their functions$(.*?)^## /ms.exec(guide) ?? []
  const rows = [...part.matchAll(/^\| (`.*?) \| (.*?) \|$/gm)]
  const exceptions = part.match(/^- .*$/gm) ?? []
  const namesIn = (text = '') => [...text.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  assert.deepEqual(
    [...rows.flatMap(([, commands]) => namesIn(commands)), ...exceptions.flatMap(namesIn)].sort(),
    commandTable.map(({ name }) => name).sort(),
  )
  const listed = JSON.parse(readFileSync('test/library/public.json', 'utf8')) as Record<
    string,
    { values: string[] }
  >
  const values = new Set(Object.values(listed).flatMap((entry) => entry.values))
  for (const [row, , functions] of rows) {
    const named = namesIn(functions)
    assert.ok(named.length > 0 && named.every((name) => values.has(name)), row)
  }
})

async function optionsOfCommands(): Promise<string[]> {
  const options = leafCommands(await allCommands()).flatMap(({ command }) => command.options)
  // Taken from bttrack and the like without being shown
  const accepted = readFileSync('docs/from-bittornado.md', 'utf8')
  const named = options.flatMap(({ long }) => long ?? [])
  const elsewhere = NAMES_ELSEWHERE.map((name) => `--${name}`)
  return [...named, ...elsewhere, '--help', '--version', '--config', ...optionsIn(accepted)]
}

function optionsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][a-z0-9_-]+/g)].map(([option]) =>
    option.replaceAll('_', '-'),
  )
}
