import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeTorrent } from '../../src/library/index.js'
import { decodeTorrent } from '../support/decode-torrent.js'
import { assertStatus, runBtkit } from '../support/run-btkit.js'
import { makeScratch } from '../support/scratch.js'

// A list of public trackers in a file, wherever trackers are given; and the same tracker twice.

/** Tiers have empty lines between them, as in the lists that people share. */
const LIST =
  '# public\n\n# ours\n\nudp://a.example:1337/announce \n \nudp://b.example:1/announce\nwss://c.example\n\n\n'
const TIERS = [['udp://a.example:1337/announce'], ['udp://b.example:1/announce', 'wss://c.example']]
const X = 'http://x.example/announce'
const Y = 'http://y.example/announce'

type Place = ReturnType<typeof plant>

function plant(t: TestContext) {
  const directory = makeScratch(t, { 'd/f': 'f', 'l.txt': LIST })
  const at = (path: string) => join(directory, path)
  const run = async (...args: readonly string[]) => {
    const result = await runBtkit(args, { cwd: directory })
    assertStatus(result, 0)
    return result
  }
  const tiers = (torrent = 'd/f.torrent') => {
    const { announce, 'announce-list': list } = decodeTorrent(readFileSync(at(torrent)))
    return { announce, list }
  }
  const make = (...args: readonly string[]) => run('makemetafile', at('d/f'), '--no-cache', ...args)
  return { at, run, tiers, make }
}

/** Each way to give a file of trackers, and how often a tracker is given twice. */
const WAYS: Record<string, (place: Place, trackers: readonly string[]) => Promise<unknown>> = {
  makemetafile: ({ make }, trackers) => make(...each('-a', trackers)),
  completedir: ({ run, at }, trackers) =>
    run('completedir', at('d'), '--state-dir', at('state'), ...each('-a', trackers)),
  'reannounce -a': async ({ make, run, at }, trackers) => {
    await make('http://old.example/announce')
    return run('reannounce', at('d/f.torrent'), ...each('-a', trackers))
  },
  'edit --tracker': async ({ make, run, at }, trackers) => {
    await make('http://old.example/announce')
    return run('edit', at('d/f.torrent'), ...each('--announce', trackers))
  },
  'a configuration': ({ make, at }, trackers) => {
    writeFileSync(at('c.yaml'), `defaults:\n  announce: [${trackers.join(', ')}]\n`)
    return make('--config', at('c.yaml'))
  },
}

function each(option: string, values: readonly string[]): string[] {
  return values.flatMap((value) => [option, value])
}

for (const [what, give] of Object.entries(WAYS)) {
  test(`${what} takes trackers from a file`, async (t) => {
    const place = plant(t)
    await give(place, ['file:l.txt'])
    assert.deepEqual(place.tiers(), { announce: TIERS[0]![0], list: TIERS })
  })

  test(`${what} writes a tracker once that is given twice`, async (t) => {
    const place = plant(t)
    await give(place, [X, Y, X])
    assert.deepEqual(place.tiers(), { announce: X, list: [[X], [Y]] })
    const lone = plant(t)
    await give(lone, [X, X])
    assert.deepEqual(lone.tiers(), { announce: X, list: undefined })
  })
}

test('the library writes a tracker once that is given twice, as forms give it', async (t) => {
  const { at } = plant(t)
  const { bytes } = await makeTorrent(at('d/f'), { trackers: [X, [Y, X]] })
  assert.deepEqual(decodeTorrent(bytes)['announce-list'], [[X], [Y]])
})

test('other lists of trackers may be in a file, too: --add-tracker, --announce-list', async (t) => {
  const { make, run, at, tiers } = plant(t)
  await make(X)
  await run('edit', at('d/f.torrent'), '--add-tracker', 'file:l.txt')
  assert.deepEqual(tiers().list, [[X], ...TIERS.flat().map((url) => [url])])
  await make('-a', X, '--announce-list', 'file:l.txt', '--force')
  assert.deepEqual(tiers(), { announce: X, list: TIERS })
})

test('a file of trackers that is given as a tracker is answered with file:, a wrong one is named', async (t) => {
  const { at } = plant(t)
  writeFileSync(at('bad.txt'), 'nonsense\n')
  const said = async (...args: readonly string[]) =>
    (await runBtkit(['makemetafile', at('d/f'), ...args], { cwd: at('') })).stderr
  assert.match(await said('-a', 'l.txt'), /; for the trackers in it give file:l\.txt\n$/)
  assert.match(await said('-a', 'file:none.txt'), /none\.txt: no such file/)
  assert.match(await said('-a', 'file:bad.txt'), /not an http, https, udp, ws or wss URL/)
})
