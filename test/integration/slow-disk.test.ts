import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pseudoRandom } from '../support/pseudo-random.js'
import { runExecutable } from '../support/executable.js'
import { quickFirst } from '../support/long.js'
import { unlessInstalled } from '../support/peers.js'
import { projectRoot } from '../support/programs.js'
import { assertQuiet, parseJson, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

const COUNT = 300
const FILES = Object.fromEntries(
  Array.from({ length: COUNT }, (_, i) => [`data/${i}`, pseudoRandom(9000 + i, i)]),
)
const ONLY_LINUX = process.platform !== 'linux' && 'another system preloads otherwise'

const testVersion = quickFirst()

for (const version of [['--hybrid'], [], ['--v2']]) {
  const skip = ONLY_LINUX || unlessInstalled('gcc').skip
  const what = `many small files of a disk that lets each call wait ${version.join('')}`
  testVersion(`${what} are made and verified like others`, { skip }, async (t) => {
    const directory = makeScratch(t, FILES)
    const [library, data] = [join(directory, 'slow-disk.so'), join(directory, 'data')]
    const code = join(projectRoot, 'bench/beside/slow-disk.c')
    const compiled = spawnSync('gcc', ['-shared', '-fPIC', '-o', library, code])
    assert.equal(compiled.status, 0, String(compiled.stderr))
    const env = { LD_PRELOAD: library, SLOW_DISK: data }
    const torrent = join(directory, 'a.torrent')
    const options = ['--no-cache', '--force', '--threads', '2', '-l', '15', ...version]
    const line = ['makemetafile', data, 'http://t.example/announce', '-o', torrent, ...options]
    const usual = await runBtkit([...line, '--json'])
    assertQuiet(usual)
    const slow = await runExecutable('btkit', [...line, '--json'], { env })
    assert.equal(slow.status, 0, slow.stderr)
    const { infoHash, infoHashV2 } = parseJson(slow)
    const expected = parseJson(usual)
    assert.deepEqual([infoHash, infoHashV2], [expected['infoHash'], expected['infoHashV2']])
    const verified = await runExecutable('btkit', ['verify', torrent, data], { env })
    assert.equal(verified.status, 0, verified.stderr)
  })
}
