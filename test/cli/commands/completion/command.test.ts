import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { executable } from '../../../support/executable.js'
import { longTest } from '../../../support/long.js'
import { unlessInstalled } from '../../../support/peers.js'
import { assertError, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

/** The words before the one to complete, and its beginning; and what a shell has to offer. */
const CASES: readonly (readonly [words: string[], offered: string[]])[] = [
  [['showm'], ['showmetainfo']],
  [['cac'], ['cache']],
  [['cre'], ['create']],
  [['help', 'verif'], ['verify']],
  [['makemetafile', '--sort-by', 'm'], ['mtime']],
  [['makemetafile', '--checksums', 'b'], ['blake2b']],
  [['cache', 'pr'], ['prune']],
  [['makemetafile', '--cache-t'], ['--cache-trust']],
  [['create', '--cache-t'], ['--cache-trust']],
  [['create', '--announce-l'], []],
  [
    ['verify', '--cache-trust', ''],
    ['full', 'mtime'],
  ],
  [['cache', 'prune', '--unused'], ['--unused-for']],
  [['showmetainfo', 'a'], ['a.torrent']],
  [
    ['makemetafile', 'a'],
    ['a.torrent', 'a.txt'],
  ],
  [['completedir', '--output', ''], ['two words']],
  [['config', 'show', 'scr'], ['scrape']],
  [['makemetafile', '--preset', 're'], ['release']],
  [
    ['completedir', '-P', ''],
    ['large', 'release'],
  ],
  [['makemetafile', '-a', 'm'], ['mine']],
  [['track', '--port', ''], []],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
]

async function plant(t: TestContext, shell: string) {
  const { stdout } = assertStatus(await runBtkit(['completion', shell]), 0)
  const directory = makeScratch(t, { 'a.torrent': '', 'a.txt': '' })
  mkdirSync(join(directory, 'two words'))
  const script = join(makeScratch(t, { script: stdout, 'c.yaml': CONFIGURATION }), 'script')
  symlinkSync(executable('btkit'), join(script, '../btkit'))
  return { directory, script }
}

/** The second preset must not be run by a shell; and the mistake does no harm. */
const CONFIGURATION = `presets:
  release: {privat: true}
  $(touch run): {}
  large: {}
aliases:
  mine: http://a.example/announce
privat: true
`

async function ask(shell: string, args: readonly string[], cwd: string): Promise<string[]> {
  const script = args.find((arg) => arg.includes('/script')) ?? ''
  const directory = dirname(/\S*\/script/.exec(script)?.[0] ?? '')
  const env = {
    ...process.env,
    PATH: `${directory}:${process.env['PATH'] ?? ''}`,
    BTKIT_CONFIG: join(directory, 'c.yaml'),
  }
  const { stdout } = await promisify(execFile)(shell, args, { cwd, env, timeout: 20_000 })
  return stdout.split('\n').filter((line) => line !== '')
}

function assertOffered(found: readonly string[], [words, offered]: (typeof CASES)[number]): void {
  const plain = found.map((word) => word.replace(/\/$/, '').trimEnd()).toSorted()
  assert.deepEqual(plain, offered, words.join(' '))
}

longTest(
  'bash completes commands, options, choices and files',
  unlessInstalled('bash'),
  async (t) => {
    const { directory, script } = await plant(t, 'bash')
    const asking = `source "$1"; shift; compopt() { :; }
    COMP_WORDS=(btkit "$@"); COMP_CWORD=$#; _btkit; printf '%s\\n' "\${COMPREPLY[@]}"`
    for (const each of CASES) {
      const found = await ask('bash', ['-c', asking, 'bash', script, ...each[0]], directory)
      assertOffered(found, each)
    }
    const assigned = ['verify', '--cache-trust', '=', 'm']
    const found = await ask('bash', ['-c', asking, 'bash', script, ...assigned], directory)
    assertOffered(found, [assigned, ['mtime']])
  },
)

longTest('fish completes the same', unlessInstalled('fish'), async (t) => {
  const { directory, script } = await plant(t, 'fish')
  for (const each of CASES) {
    const [words] = each
    const line = ['btkit', ...words].join(' ')
    const asking = `source ${script}; complete -C '${line}'`
    const found = await ask('fish', ['--no-config', '-c', asking], directory)
    const names = found.map((text) => text.split('\t')[0] ?? '')
    // fish offers other files after the torrents
    const own = names.filter((name) => each[1].some((one) => name.replace(/\/$/, '') === one))
    assertOffered(words[0] === 'completedir' ? own : names.slice(0, each[1].length), each)
  }
})

/** The parts of zsh's completion that need a terminal, put as simply as can be. */
const ZSH_PARTS = `setopt null_glob
  compdef() { }
  compset() { return 1 }
  matching() { local each; for each; do [[ $each == $PREFIX* ]] && print -r -- $each; done }
  compadd() { shift; matching "$@" }
  _describe() { local -a all=(\${(P)@[-1]}); matching \${all%%:*} }
  _files() { case "$*" in (-/) matching *(/);; (-g*) matching *.torrent;; (*) matching *(.);; esac }`

longTest('zsh completes the same', unlessInstalled('zsh'), async (t) => {
  const { directory, script } = await plant(t, 'zsh')
  const asking = `${ZSH_PARTS}; source "$1"; shift
    words=(btkit "$@"); CURRENT=$#words; PREFIX=$words[-1]; _btkit; true`
  for (const each of CASES) {
    const found = await ask('zsh', ['-f', '-c', asking, 'zsh', script, ...each[0]], directory)
    assertOffered(found, each)
  }
})

test('the program offers words to all shells, and names the files that they find', async (t) => {
  const env = { BTKIT_CONFIG: join(makeScratch(t, { c: CONFIGURATION }), 'c') }
  const files = new Map([
    ['two words', ':directory'],
    ['a.torrent', ':torrent'],
    ['a.torrent a.txt', ':file'],
  ])
  for (const [words, offered] of CASES) {
    const { stdout } = await runBtkit(['__complete', ...words], { env })
    const found = Array.from(stdout.matchAll(/^[^\t\n]+/gm), ([word]) => word)
    const names = files.get(offered.join(' '))
    assert.deepEqual(found.toSorted(), names ? [names] : offered, words.join(' '))
  }
})

test('presets and aliases are those of the file of --config', async (t) => {
  const root = makeScratch(t, {
    'own.yaml': 'presets: {special: {}}\naliases: {near: http://a.example/announce}\n',
    'other.yaml': 'presets: {usual: {}}\n',
  })
  const env = { BTKIT_CONFIG: join(root, 'other.yaml') }
  const offers = async (...words: string[]) =>
    (await runBtkit(['__complete', 'makemetafile', ...words], { env })).stdout
  const file = join(root, 'own.yaml')
  assert.equal(await offers('--config', file, '--preset', ''), 'special\n')
  assert.equal(await offers(`--config=${file}`, '-a', ''), 'near\n')
  assert.equal(await offers('--preset', ''), 'usual\n')
  // As bash separates them
  assert.equal(await offers('--preset', '=', 'u'), 'usual\n')
})

test('the scripts have no error of syntax', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { script } = await plant(t, shell)
    const { error, status, stderr } = spawnSync(shell, ['-n', script], { encoding: 'utf8' })
    if (!error) assert.deepEqual([status, stderr], [0, ''], shell)
  }
})

test('another shell is wrong usage', async () => {
  assertError(await runBtkit(['completion', 'tcsh']), 'usage', 'bash, zsh, fish')
})
