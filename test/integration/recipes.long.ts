import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type * as Html from '../../src/base/text/html.js'
import type * as Presets from '../../src/cli/configuration/form-presets.js'
import type * as Make from '../../src/library/make.js'
import type * as Forms from '../../src/pages/forms/form.js'
import type * as Fields from '../../src/pages/forms/torrent-fields.js'
import { projectRoot, runProgram } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'

// Follows ARCHITECTURE's lists for a new field (label, of makemetafile and edit), a new option of a
// torrent (publisher) and a new command (size) in a copy: the files that it names are enough for
// the tests of commands, manual and guides.

type Change = (text: string) => string

/** Puts text before the only place that another text has. */
function before(place: string, added: string): Change {
  return (text) => {
    const parts = text.split(place)
    assert.equal(parts.length, 2, `${place} is there ${parts.length - 1} times`)
    return parts.join(`${added}${place}`)
  }
}

const both = (one: Change, other: Change) => (text: string) => other(one(text))
const FIRST_ENTRY = '- `makemetafile`: torrents of files,'

const FIELD: Readonly<Record<string, Change>> = {
  'src/metainfo/fields.ts': before(
    '  /** Private trackers set it',
    "  label: { key: 'label', place: 'top', form: 'text', label: 'label', option: '--label' },\n",
  ),
  'src/cli/options/torrent.ts': before(
    "    .opt('--created-by <text>', 'set the creator",
    "    .opt('--label <text>', 'set a label')\n",
  ),
  'src/cli/commands/edit/options.ts': before(
    "    .opt('--no-created-by', 'remove the creator')",
    "    .opt('--label <text>', 'set the label', { excludes: ['label'] })\n    .opt('--no-label', 'remove the label')\n",
  ),
  'man/btkit-makemetafile.1': both(
    before('comment private source date no-date', 'label '),
    before('.It Fl p , -private', '.It Fl -label Ar text\nSet a label.\n'),
  ),
  'man/btkit-edit.1': both(
    before('no-created-by no-date no-private', 'label no-label '),
    before(
      '.It Fl -no-comment',
      '.It Fl -label Ar text\nSet the label.\n.It Fl -no-label\nRemove the label.\n',
    ),
  ),
  'docs/schemas/showmetainfo.json': both(
    before('    "source": {', '    "label": {\n      "type": ["string", "null"]\n    },\n'),
    before('      "source",', '      "label",\n'),
  ),
  'docs/json.md': before('`source`, `updateUrl`, `similar`', '`label`, '),
  'test/cli/commands/makemetafile/options.test.ts': before(
    "  [['--created-by', 'me'],",
    "  [['--label', 'news'], { label: 'news' }],\n",
  ),
  'CHANGELOG.md': before(FIRST_ENTRY, '- `makemetafile`, `edit`: `--label`.\n'),
}

const OPTION: Readonly<Record<string, Change>> = {
  'src/core/make/asked.ts': both(
    before(
      '  /** Whether peers come from the tracker only',
      '  /** Who publishes it. */\n  readonly publisher?: string | undefined\n',
    ),
    both(
      before(
        '  version: {',
        "  publisher: { check: text, field: { kind: 'line', label: 'Publisher' } },\n",
      ),
      (text) =>
        text.replace(
          'extraKeys: values.keys',
          `extraKeys: new Map([
        ...(values.keys ?? []),
        ...(values.publisher === null
          ? []
          : [['publisher', Buffer.from(values.publisher)] as const]),
      ])`,
        ),
    ),
  ),
  'src/cli/options/torrent.ts': before(
    "    .opt('--created-by <text>', 'set the creator",
    "    .opt('--publisher <name>', 'set the publisher')\n",
  ),
  'man/btkit-makemetafile.1': both(
    before('comment private source date no-date', 'publisher '),
    before('.It Fl p , -private', '.It Fl -publisher Ar name\nSet the publisher.\n'),
  ),
  'test/cli/commands/makemetafile/options.test.ts': before(
    "  [['--created-by', 'me'],",
    "  [['--publisher', 'us'], { publisher: 'us' }],\n",
  ),
  'test/core/complete/asked-values.test.ts': before("  version: 'hybrid',", "  publisher: 'us',\n"),
  'CHANGELOG.md': before(FIRST_ENTRY, '- `makemetafile`: `--publisher`.\n'),
}

/** What `hash` has there, under the name of the new command. */
const likeHash = (path: string) => () =>
  readFileSync(join(projectRoot, path), 'utf8').replaceAll(/\bhash\b/g, 'size')

const COMMAND: Readonly<Record<string, Change>> = {
  'src/cli/commands/size/command.ts': likeHash('src/cli/commands/hash/command.ts'),
  'man/btkit-size.1': likeHash('man/btkit-hash.1'),
  'man/btkit.1': before(
    '.It Nm btkit-hash Ns Pq 1',
    '.It Nm btkit-size Ns Pq 1\nprint the sizes of torrents\n',
  ),
  'package.json': before('    "./man/btkit-stats.1",', '    "./man/btkit-size.1",\n'),
  'docs/library.md': before('| `stats` | `summarize', '| `size` | `readTorrent` |\n'),
  'docs/schemas/size.json': likeHash('docs/schemas/hash.json'),
  'docs/json.md': before('| `hash` | `name` |', '| `size` | `name` |\n'),
  'test/cli/json-schemas.test.ts': before("'magnet', 'showmetainfo', 'lint'", "'size', "),
  'test/cli/commands/size/command.test.ts': () => `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runBtkit } from '../../../support/run-btkit.js'

test('size of a torrent that is missing', async () => {
  const { status, code } = await runBtkit(['size', '/nonexistent'])
  assert.deepEqual([status, code], [1, 'not-found'])
})
`,
  'CHANGELOG.md': before(FIRST_ENTRY, '- \`size\`: prints sizes.\n'),
}

/**
 * Tests that ask something of all commands, except whether a help is full, by parts of paths and
 * titles.
 */
const PATHS =
  'cli/help cli/json-schemas cli/manual-pages cli/exit-statuses cli/options/table docs/facts'
const OWN_PATHS = 'metainfo/fields commands/size commands/makemetafile/options'
const TITLES = [
  'size',
  'edit\\b',
  'makemetafile (says|are|--label|--publisher)',
  'about torrents',
  'manual',
  'page',
  'guide',
  'absent',
]

test('the files that ARCHITECTURE names are enough for a new field, option and command', async (t) => {
  const architecture = readFileSync(join(projectRoot, 'ARCHITECTURE.md'), 'utf8')
  const namedIn = (heading: string) => {
    const [, section = ''] = architecture.split(`\n## ${heading}\n`)
    const list =
      section
        .split('\n## ')[0]
        ?.match(/^- .*$/gm)
        ?.join('\n') ?? ''
    const paths = [...list.matchAll(/`([\w/.-]+\.\w+)`/g)].map(([, path = '']) => path)
    return paths.map((path) => path.replaceAll('NAME', 'size')).sort()
  }
  assert.deepEqual(namedIn('A field of a torrent'), Object.keys(FIELD).sort())
  assert.deepEqual(namedIn('An option of a torrent'), Object.keys(OPTION).sort())
  assert.deepEqual(namedIn('A command'), Object.keys(COMMAND).sort())

  const root = makeScratch(t)
  const parts = [
    'src',
    'test',
    'man',
    'docs',
    'scripts',
    'dist/src',
    'dist/test',
    'dist/.tsbuildinfo',
  ]
  const files = ['package.json', 'tsconfig.json', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md']
  for (const part of [...parts, ...files, 'ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE', 'bench'])
    cpSync(join(projectRoot, part), join(root, part), { recursive: true, preserveTimestamps: true })
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
  const changes = [FIELD, OPTION, COMMAND].flatMap((each) => Object.entries(each))
  for (const [path, change] of changes) {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, change(existsSync(file) ? readFileSync(file, 'utf8') : ''))
  }
  const run = (command: string, ...args: string[]) => runProgram(command, args, { cwd: root })
  const compiled = await run('npm', 'run', '--silent', 'compile')
  assert.equal(compiled.status, 0, compiled.stdout + compiled.stderr)
  await assertAskedEverywhere(root)
  const names = TITLES.flatMap((title) => ['--name', title])
  const paths = [...PATHS.split(' '), ...OWN_PATHS.split(' ')]
  const { status, stdout } = await run(process.execPath, 'scripts/test.js', ...paths, ...names)
  assert.equal(status, 0, stdout)
})

/** The new option of a torrent is one of the library, of presets and of forms, too. */
async function assertAskedEverywhere(root: string): Promise<void> {
  const load = async <T>(path: string) => (await import(join(root, 'dist/src', path))) as T
  const { makeTorrent } = await load<typeof Make>('library/make.js')
  const { formPresets } = await load<typeof Presets>('cli/configuration/form-presets.js')
  const { moreFields } = await load<typeof Fields>('pages/forms/torrent-fields.js')
  const { Form } = await load<typeof Forms>('pages/forms/form.js')
  const { html } = await load<typeof Html>('base/text/html.js')
  const options: object = { publisher: 'us' }
  const { bytes } = await makeTorrent(join(root, 'LICENSE'), options)
  assert.match(Buffer.from(bytes).toString('latin1'), /9:publisher2:us/)
  writeFileSync(join(root, 'c.yaml'), 'presets: { own: { publisher: us } }\n')
  const io = { env: {}, isRoot: false, cwd: root } as never
  const fields = { publisher: 'us' }
  assert.deepEqual(await formPresets('c.yaml', io), [{ name: 'own', fields, missing: [] }])
  assert.match(moreFields(new Form(fields), html``).text, /name="publisher"\s+value="us"/)
}
