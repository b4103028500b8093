import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'

// The first commands of people who know other programs, and btkit's answers. DIR is a directory
// with the torrent a.torrent and the content of `tree`.

/** The advice to those who want to download, with a torrent or a link as a shell takes it. */
const notDownloaded = (torrent: string) => {
  return `btkit does not download; these do: aria2c ${torrent}, transmission-cli ${torrent}`
}

const TORRENT = torrentOf(singleFileInfo(), { announce: 'http://t.example/announce' })
const TREE = 'create DIR/tree --dry-run'

/** A command line, and its standard output; if that is empty, its standard error. */
const GUESSES: readonly (readonly [typed: string, said: string])[] = [
  [
    'edit DIR/a.torrent --comment q --output DIR/b.torrent',
    'wrote DIR/b.torrent (from DIR/a.torrent)\nnew comment for DIR/b.torrent: q\n',
  ],
  [
    'verify DIR/tree DIR/a.torrent',
    'btkit: DIR/tree: a directory without torrents; the torrent comes first: btkit verify DIR/a.torrent DIR/tree\n',
  ],
  [
    'verify DIR/tree/x DIR/a.torrent',
    'btkit: DIR/tree/x: not a torrent; the torrent comes first: btkit verify DIR/a.torrent DIR/tree/x\n',
  ],
  [
    'verify DIR/tree --data DIR',
    'btkit: DIR/tree: contains no .torrent; make its torrent first (btkit create DIR/tree), then name that\n',
  ],
  [
    'show http://h.example/a.torrent',
    'btkit: http://h.example/a.torrent: a URL, not a file; download the torrent first\n',
  ],
  [
    'show magnet:?xt=urn:btih:0',
    'btkit: magnet:?xt=urn:btih:0: a magnet link, not a file; download the torrent first\n',
  ],
  [
    `${TREE} --trackerless --web-seed-base http://m.example/a%BLANKb/`,
    "btkit: --web-seed-base 'http://m.example/a b/': has a blank; type http://m.example/a%20b/\n",
  ],
  [
    `${TREE} -a http://t.example/an%BLANKnounce`,
    "btkit: tracker 'http://t.example/an nounce': has a blank; type http://t.example/an%20nounce\n",
  ],
  [
    `${TREE} 'http://t.example/announce'`,
    "btkit: tracker ''http://t.example/announce'': has quotes in it; type http://t.example/announce\n",
  ],
  [
    `${TREE} --trackerless -l '18'`,
    "btkit: -l ''18'': not a whole number from 14 to 30; leave out the quotes in the value\n",
  ],
  [
    `${TREE} http://t.example:70000/announce`,
    "btkit: tracker 'http://t.example:70000/announce': port 70000 is above 65535\n",
  ],
  [`${TREE} --announce-list `, 'btkit: --announce-list: its value is missing\n'],
  [
    'completedir http://files.example/x.iso http://t.example/announce',
    'btkit: http://files.example/x.iso: is on a server; name the directory for torrents with -o\n',
  ],
  [
    'makemetafile --files-from SUMS --trackerless',
    'btkit: no file or directory given; name at least one, or with --base-url the server of the list\n',
  ],
  [
    'makemetafile DIR/tree http//t.example/announce',
    'btkit: http//t.example/announce: no such file; a tracker begins with http:// or udp://, as in http://t.example/announce\n',
  ],
  [
    'makemetafile DIR/tree t.example',
    'btkit: t.example: no such file or directory; nothing was written; if it is the tracker, give it with -a\n',
  ],
  [
    'completedir t.example DIR/tree',
    'btkit: t.example: no such file or directory; nothing was written; if it is the tracker, give it with -a\n',
  ],
  [
    `${TREE} t.example/announce`,
    'btkit: t.example/announce: no such file; a tracker begins with http:// or udp://, as in http://t.example/announce\n',
  ],
  [
    `${TREE} -t http://t.example/announce`,
    "btkit: -t 'http://t.example/announce': -t is --threads; give a tracker as an argument or with -a\n",
  ],
  [`${TREE} --version 2`, 'btkit: --version: prints that of btkit; use --v2 or --hybrid\n'],
  [
    'serve DIR http://t.example/announce',
    "btkit: too many arguments for 'serve'. Expected 1 argument but got 2; give trackers with --tracker\n",
  ],
  [
    'track DIR',
    "btkit: too many arguments for 'track'. Expected 0 arguments but got 1; give the directory of torrents with --allowed-dir\n",
  ],
  [
    'serve DIR --host 0.0.0.0:8081',
    "btkit: --host '0.0.0.0:8081': has a port; write --host 0.0.0.0 --port 8081\n",
  ],
  ['serve --track DIR', "btkit: --track 'DIR': not a URL; write btkit serve DIR --track\n"],
  [
    'serve DIR --track http://h.example:8080/announce',
    'btkit: --track http://h.example:8080/announce: port 8080 is the port of the files, too; write --track http://h.example:6969/announce, or --port 8081 for the files\n',
  ],
  [
    'serve DIR --track --port 6969',
    'btkit: --track: port 6969 is the port of the files, too; write --port 8080 for the files\n',
  ],
  ['show --field comment --field name DIR/a.torrent', '\na.txt\n'],
  ['inspect --field name DIR/a.torrent', 'a.txt\n'],
  ['modify --comment q DIR/a.torrent', 'changed DIR/a.torrent\nnew comment for DIR/a.torrent: q\n'],
  ['hash DIR/a.torrent DIR/a.torrent', 'HASH  DIR/a.torrent\nHASH  DIR/a.torrent\n'],
  ['update DIR/a.torrent', "btkit: unknown command 'update'; to change a torrent: btkit edit\n"],
  [
    'share DIR/tree',
    "btkit: unknown command 'share'; to share files: btkit create PATH, then btkit seed --dht PATH.torrent\n",
  ],
  [
    'start DIR/a.torrent',
    "btkit: unknown command 'start'; to share files: btkit create PATH, then btkit seed --dht PATH.torrent\n",
  ],
  [
    'DIR/a%BLANKdirectory',
    "btkit: unknown command 'DIR/a directory'; to make its torrent: btkit create 'DIR/a directory'\n",
  ],
  [
    'setwebseeds http://w.example/ DIR/a.torrent',
    "btkit: unknown command 'setwebseeds'; to set web seeds: btkit edit --web-seed URL\n",
  ],
  [
    'stop DIR/a.torrent',
    "btkit: unknown command 'stop'; to end btkit seed, type Ctrl-C where it runs\n",
  ],
  ['open DIR/a.torrent', "btkit: unknown command 'open'; to see a torrent: btkit show\n"],
  [
    'DIR/a.torrent',
    "btkit: unknown command 'DIR/a.torrent'; it is a torrent: btkit show DIR/a.torrent, or btkit seed DIR/a.torrent\n",
  ],
  ['DIR/tree', "btkit: unknown command 'DIR/tree'; to make its torrent: btkit create DIR/tree\n"],
  [
    '-a http://t.example/announce DIR/tree',
    "btkit: unknown option '-a'; the command comes first: btkit create PATH -a URL\n",
  ],
  [
    '--threads=2 hash DIR/a.torrent',
    "btkit: unknown option '--threads=2'; an option of a command comes behind it: btkit COMMAND\n",
  ],
  [
    '--config /dev/null show DIR/a.torrent',
    "btkit: unknown option '--config'; the command comes first: btkit create PATH -a URL\n",
  ],
  [
    'create DIR/tree ä.example:6969/announce',
    'btkit: ä.example:6969/announce: no such file; a tracker begins with http:// or udp://, as in http://ä.example:6969/announce\n',
  ],
  ['-v', "btkit: unknown option '-v'; the version is --version or -V\n"],
  [
    'magnet DIR/tree',
    'btkit: DIR/tree: contains no .torrent; make its torrent first (btkit create DIR/tree), then name that\n',
  ],
  [
    'create DIR/Firefox Setup.exe http://t.example/announce --output DIR/x.torrent',
    'btkit: DIR/Firefox: no such file (a name with a blank needs quotes)\n',
  ],
  [
    'create -P DIR/tree',
    "btkit: -P 'DIR/tree': is a path, not the name of a preset; -p is --private\n",
  ],
  [
    'inspect --files DIR/a.torrent',
    "btkit: unknown option '--files'; all files are shown without it, and --tree shows them as a tree\n",
  ],
  [
    'modify -t http://t.example/announce DIR/a.torrent',
    "btkit: unknown option '-t'; give a tracker with -a\n",
  ],
  ['seed DIR/tree/x', 'btkit: DIR/tree/x: not a torrent (it begins with "1")\n'],
  ['edit -q DIR/tree', 'btkit: nothing to change; give an option such as --comment or --date\n'],
  [
    'config set a b',
    "btkit: unknown command 'set'; edit the file /etc/btkit/config.yaml, or ~/.config/btkit/config.yaml\n",
  ],
  ['magnet -q DIR/a.torrent', "btkit: unknown option '-q'\n"],
  ['cache --xyz', "btkit: unknown option '--xyz'\n"],
  [
    'completedir DIR/tree --output DIR/new/torrents',
    'btkit: --output DIR/new/torrents: no such directory (mkdir -p creates it)\n',
  ],
  ['track -i ::', "btkit: unknown option '-i'; the address to listen on is --host\n"],
  ['track -w list', "btkit: unknown option '-w'; the file of info hashes is --allowed-list\n"],
  [
    'track --whitelist list',
    "btkit: unknown option '--whitelist'; the file of info hashes is --allowed-list\n",
  ],
  ['track -b list', "btkit: unknown option '-b'; the file of info hashes is --banned-list\n"],
  [
    'track --blacklist list',
    "btkit: unknown option '--blacklist'; the file of info hashes is --banned-list\n",
  ],
  [
    'download DIR/a.torrent',
    `btkit: unknown command 'download'; ${notDownloaded('FILE.torrent')}; to upload the files of a torrent: btkit seed\n`,
  ],
  [
    'launchmany DIR',
    "btkit: unknown command 'launchmany'; to seed all torrents below a directory: btkit seed DIR\n",
  ],
  [
    'seed http://h.example/a.torrent',
    `btkit: http://h.example/a.torrent: a URL, not a file; ${notDownloaded('http://h.example/a.torrent')}\n`,
  ],
  [
    'add DIR/a.torrent',
    `btkit: unknown command 'add'; ${notDownloaded('FILE.torrent')}; to upload the files of a torrent: btkit seed\n`,
  ],
  [
    'magnet:?xt=urn:btih:0&dn=a',
    `btkit: unknown command 'magnet:?xt=urn:btih:0&dn=a'; ${notDownloaded("'magnet:?xt=urn:btih:0&dn=a'")}\n`,
  ],
  ['new DIR/tree', "btkit: unknown command 'new'; to make a torrent: btkit create PATH\n"],
  [
    'upload DIR/tree',
    "btkit: unknown command 'upload'; to share files: btkit create PATH, then btkit seed --dht PATH.torrent\n",
  ],
  [
    'list',
    "btkit: unknown command 'list'; to see what is seeded: btkit status; a torrent: btkit show\n",
  ],
  [
    'pause DIR/a.torrent',
    "btkit: unknown command 'pause'; to end btkit seed, type Ctrl-C where it runs\n",
  ],
  ['webui', "btkit: unknown command 'webui'; to see pages in the browser: btkit gui\n"],
  [
    'seed magnet:?xt=urn:btih:0',
    `btkit: magnet:?xt=urn:btih:0: a magnet link, not a file; ${notDownloaded("'magnet:?xt=urn:btih:0'")}\n`,
  ],
  [
    'create DIR/tree --trackers http://t.example/announce',
    "btkit: unknown option '--trackers' (Did you mean --tracker?)\n",
  ],
  [
    'seed DIR/a.torrent --upload-limit 5M',
    "btkit: unknown option '--upload-limit' (Did you mean --max-upload-rate?)\n",
  ],
  [
    'create DIR/a directory http://t.example/announce',
    "btkit: DIR/a: no such file; a name with a blank needs quotes: 'DIR/a directory'\n",
  ],
  ['show DIR/b', 'btkit: DIR/b: contains no .torrent; did you mean DIR/b.torrent?\n'],
  ['verify DIR/b', 'btkit: DIR/b: contains no .torrent; did you mean DIR/b.torrent?\n'],
  ['create DIR/tree --target', 'btkit: --target (--output): its value is missing\n'],
  ['track --dfile', 'btkit: --dfile (--state): its value is missing\n'],
  ['create DIR/tree -o', 'btkit: --output: its value is missing\n'],
  ['create DIR/tree --output=', 'btkit: --output: its value is missing\n'],
  [
    'create DIR/tree --v1',
    "btkit: unknown option '--v1'; leave it out: only --v2 and --hybrid make another version\n",
  ],
  ['create DIR/tree -target DIR/x.torrent', 'btkit: -target: has one hyphen; type --output\n'],
  ['create DIR/tree -comment=x', 'btkit: -comment: has one hyphen; type --comment\n'],
  ['seed -port 6881 DIR/a.torrent', 'btkit: -port: has one hyphen; type --port\n'],
  ['create DIR/tree --dry-run -t 2 -c -comment --quiet', ''],
  ['track --dfil x', "btkit: unknown option '--dfil' (Did you mean --dfile?)\n"],
  ['create --targt x DIR/tree', "btkit: unknown option '--targt' (Did you mean --target?)\n"],
  [
    'seed --parse-dir 9 DIR',
    "btkit: unknown option '--parse-dir' (Did you mean --parse-dir-interval?)\n",
  ],
  [
    'show DIR/cut.torrent',
    'btkit: DIR/cut.torrent: offset 100: cut off after 110 of at least 123 bytes; get it again\n',
  ],
  [
    'show DIR/bare.meta',
    "btkit: DIR/bare.meta: info: is the whole file, as of a HASH.meta of rtorrent; with 'd4:info' in front and 'e' at its end it is a torrent\n",
  ],
  ['show udp://t.example:80', 'btkit: udp://t.example:80: a tracker, not a file; name a torrent\n'],
  [
    'scrape udp://t.example:80',
    'btkit: udp://t.example:80: a tracker; name the torrent or magnet link to ask for, and the tracker with -a\n',
  ],
  [
    'scrape DIR/a.torrent http://t.example/announce',
    'btkit: http://t.example/announce: a tracker; name the torrent or magnet link to ask for, and the tracker with -a\n',
  ],
  [
    `${TREE} --piece-size 256`,
    "btkit: --piece-size '256': not a power of two from 16KiB to 1GiB; for pieces of 256 KiB give 256KiB\n",
  ],
  [
    'completedir DIR --name x',
    "btkit: unknown option '--name'; each torrent has the name of its entry; to give another one: btkit makemetafile PATH --name\n",
  ],
  [
    `${TREE} --trackerless --share a=DIR`,
    'btkit: --share needs --cache-url, the Redis of the machines\n',
  ],
  [
    'serve DIR --share-key-file DIR/a.torrent',
    'btkit: --share-key-file needs --cache-url, the Redis of the machines\n',
  ],
  [
    'create DIR/a.torrent --dry-run --web-seed-base http://f.example/a.torrent',
    'btkit: --web-seed-base http://f.example/a.torrent: clients would look for http://f.example/a.torrent/a.torrent; give this address with --web-seed, or leave out /a.torrent\n',
  ],
  ['track -f conf', "btkit: unknown option '-f'; the configuration file, in YAML, is --config\n"],
]

for (const [typed, said] of GUESSES) {
  test(`the first guess \`${typed}\` is understood, or told what to type`, async (t) => {
    const directory = makeScratch(t, {
      'a.torrent': TORRENT,
      'cut.torrent': TORRENT.subarray(0, 110),
      'bare.meta': TORRENT.subarray(Buffer.from(TORRENT).indexOf('4:info') + '4:info'.length, -1),
      'tree/x': '1',
      'a directory/x': '1',
      'b/x': '1',
      'b.torrent': TORRENT,
    })
    const words = typed.split(' ').map((word) => word.replace('DIR', directory))
    const { stdout, stderr } = await runBtkit(words.map((word) => word.replace('%BLANK', ' ')))
    const output = (stdout || stderr).replaceAll(directory, 'DIR')
    assert.equal(output.replaceAll(/[0-9a-f]{40}/g, 'HASH'), said)
  })
}

for (const command of ['makemetafile', 'completedir']) {
  test(`${command} reports secrets in addresses, and an update-url that is none, as lint does`, async (t) => {
    const directory = makeScratch(t, { 'src/x': '1' })
    const [source, torrent] = [join(directory, 'src/x'), join(directory, 'src/x.torrent')]
    const operand = command === 'makemetafile' ? source : join(directory, 'src')
    const tracker = 'http://t.example/announce?passkey=hunter2'
    const args = [operand, tracker, '--web-seed', 'http://u:hunter2@s.example/', '--no-cache']
    const state = command === 'completedir' ? ['--state-dir', join(directory, 'state')] : []
    const set = ['--set', 'info.update-url="soon"']
    const { stderr } = await runBtkit([command, ...args, ...set, ...state])
    assert.ok(!stderr.includes('hunter2'), stderr)
    const { stdout } = await runBtkit(['lint', torrent])
    const told = ['passkey-in-public', 'secret-in-address', 'update-not-url'].map((code) => {
      const [, message = ''] = new RegExp(`: warning: (.*) \\[${code}\\]`).exec(stdout) ?? []
      return message !== '' && stderr.includes(`btkit: warning: ${message}\n`)
    })
    assert.deepEqual(told, [true, true, true], stderr + stdout)
  })
}

test('a tracker that is probably mistyped is noted when a torrent is made, in the words of lint', async (t) => {
  const directory = makeScratch(t, { 'tree/x': '1' })
  const tracker = 'http://t.example:6969'
  const said = `tracker "${tracker}" has no path; most trackers have /announce`
  const [tree, torrent] = [join(directory, 'tree'), join(directory, 'tree.torrent')]
  const made = await runBtkit(['makemetafile', tree, tracker, '--no-cache'])
  assert.deepEqual([made.status, made.stderr], [0, `btkit: ${said}\n`])
  const { stdout } = await runBtkit(['lint', torrent])
  assert.ok(stdout.includes(said), stdout)
})

test('completedir creates the directory of --output, and says so', async (t) => {
  const directory = makeScratch(t, { 'tree/x': '1' })
  const output = join(directory, 'torrents')
  const args = ['completedir', join(directory, 'tree'), '--output', output, '--trackerless']
  const dry = await runBtkit([...args, '--dry-run'])
  assert.deepEqual([dry.status, existsSync(output)], [0, false])
  assert.equal(dry.stderr, `btkit: --output ${output}: would create this directory\n`)
  assert.match(dry.stdout, /^would create .*torrents\/x\.torrent: /)
  const { status, stderr } = await runBtkit(args)
  assert.deepEqual([status, stderr], [0, `btkit: --output ${output}: created this directory\n`])
  assert.ok(existsSync(join(output, 'x.torrent')))
})

test('completedir creates no directory of --output for one that is missing', async (t) => {
  const directory = makeScratch(t)
  const output = join(directory, 'torrents')
  const feed = ['--feed', join(output, 'feed.xml'), '--feed-url', 'http://files.example/']
  const args = ['completedir', join(directory, 'gone'), '--output', output, '--trackerless']
  for (const more of [[], ['--dry-run'], feed]) {
    const { status, stderr } = await runBtkit([...args, ...more])
    const said = `btkit: ${join(directory, 'gone')}: no such file or directory\n`
    assert.deepEqual([status, stderr, existsSync(output)], [1, said, false])
  }
})
