import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertStatus, runBtkit, startBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

const PORTS = ['--minport', '20000', '--maxport', '29999', '--bind', '127.0.0.1']

for (const [style, place] of [
  ['2', 'data/a.iso'],
  ['3', 'data/a.iso/a.iso'],
] as const) {
  test(`btlaunchmany --saveas finds the data in another directory, in style ${style}`, async (t) => {
    const directory = makeScratch(t)
    const at = (name: string) => join(directory, name)
    writeFileSync(at('a.iso'), 'content')
    mkdirSync(at('torrents'))
    await runBtkit(['makemetafile', at('a.iso'), '--trackerless', '--output', at('torrents')])
    mkdirSync(join(at(place), '..'), { recursive: true })
    renameSync(at('a.iso'), at(place))
    // The data is checked in any case
    const old = ['--saveas_style', style, '--saveas', 'data', '--check_hashes', '0', ...PORTS]
    const legacy = { program: 'btlaunchmany', subcommand: 'launchmany', cwd: directory }
    const running = startBtkit(t, ['torrents', ...old], { ...legacy, now: Date.now })
    await running.said(/added .*a.iso.torrent/)
    const { stderr } = assertStatus(await running.stop(), 0)
    assert.match(stderr, /^btkit: ignored: --check-hashes 0 \(btkit sends checked data only\)$/m)
  })
}
