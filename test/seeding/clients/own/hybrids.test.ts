import assert from 'node:assert/strict'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { OwnClientSettings } from '../../../../src/seeding/clients/own/programs.js'
import { startOwnClient, type OwnClient } from '../../../../src/seeding/clients/own/start.js'
import { unlessWindows } from '../../../disk/failure.js'
import { findPeer } from '../../../support/peers.js'
import { makeScratch } from '../../../support/scratch.js'

const SETTINGS = {
  minport: 20000,
  maxport: 60000,
  maxUploadRate: 0,
  maxDownloadRate: 0,
  asksMetadata: false,
  caCertificates: null,
}

/** Starts a client and ends it; each installed program is a script with the given text. */
async function startOnce(
  t: TestContext,
  scripts: Readonly<Record<string, string>>,
  wish: Partial<OwnClientSettings>,
): Promise<OwnClient> {
  const directory = makeScratch(t)
  for (const program of ['sh', 'rm', 'sleep']) {
    symlinkSync(findPeer(program)!, join(directory, program))
  }
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(directory, name), 0o755)
  }
  const own = await startOwnClient(
    { ...SETTINGS, takesWebSeeds: false, opensHybrids: false, isLocal: false, ...wish },
    { PATH: directory },
  )
  await own.stop()
  return own
}

/** Returns the name of the program that is started. */
async function started(...args: Parameters<typeof startOnce>): Promise<string> {
  return (await startOnce(...args)).program
}

const ARIA2 = { aria2c: 'echo aria2 version 1.36.0' }
const RTORRENT = { rtorrent: 'exit 1' }
// Transmission tells its version on standard error
const transmission = (version: string) => ({
  'transmission-daemon': `echo "transmission-daemon ${version} (bb6b5a062e)" >&2`,
})

for (const [what, scripts, program] of [
  ['Transmission 4 before aria2', { ...ARIA2, ...transmission('4.0.5') }, 'transmission-daemon'],
  ['Transmission 10 before aria2', { ...ARIA2, ...transmission('10.1') }, 'transmission-daemon'],
  [
    'Transmission 4 before rtorrent',
    { ...RTORRENT, ...transmission('4.0.5') },
    'transmission-daemon',
  ],
  ['rtorrent, not Transmission 3.00', { ...RTORRENT, ...transmission('3.00') }, 'rtorrent'],
  [
    'rtorrent, not a Transmission without a version',
    { ...RTORRENT, 'transmission-daemon': 'exit 1' },
    'rtorrent',
  ],
] as const) {
  test(`for hybrids a client of its own is ${what}`, unlessWindows, async (t) => {
    assert.equal(await started(t, scripts, { opensHybrids: true }), program)
  })
}

test(
  'for hybrids with web seeds it is one that takes them, if there is one',
  unlessWindows,
  async (t) => {
    const wish = { opensHybrids: true, takesWebSeeds: true }
    const all = { ...ARIA2, ...RTORRENT, ...transmission('4.0.5') }
    assert.equal(await started(t, all, wish), 'transmission-daemon')
    assert.equal(await started(t, { ...ARIA2, ...RTORRENT }, wish), 'rtorrent')
  },
)

test('for other torrents it is one that downloads from all seeds', unlessWindows, async (t) => {
  const all = { ...ARIA2, ...RTORRENT, ...transmission('3.00') }
  assert.equal(await started(t, all, {}), 'transmission-daemon')
  assert.equal(await started(t, { ...ARIA2, ...RTORRENT }, {}), 'rtorrent')
  assert.equal(await started(t, ARIA2, {}), 'aria2c')
})

test(
  'with --ip it is one that can announce the address, if there is one',
  unlessWindows,
  async (t) => {
    const wish = { ip: '192.0.2.1' }
    const all = { ...ARIA2, ...RTORRENT, ...transmission('4.0.5') }
    assert.equal(await started(t, all, wish), 'rtorrent')
    assert.equal(await started(t, all, { ...wish, takesWebSeeds: true }), 'aria2c')
    assert.equal(await started(t, transmission('4.0.5'), wish), 'transmission-daemon')
  },
)

test(
  'for trackers on this machine it is one that connects to loopback addresses',
  unlessWindows,
  async (t) => {
    const all = { ...ARIA2, ...RTORRENT, ...transmission('4.0.5') }
    assert.equal(await started(t, all, { isLocal: true }), 'rtorrent')
    assert.equal(await started(t, all, { isLocal: true, takesWebSeeds: true }), 'aria2c')
    assert.equal(await started(t, transmission('4.0.5'), { isLocal: true }), 'transmission-daemon')
  },
)

test('aria2 has advice on what to install, unless it is installed', unlessWindows, async (t) => {
  const { advice } = await startOnce(t, { ...ARIA2, ...RTORRENT }, { takesWebSeeds: true })
  assert.equal(advice, 'install transmission-daemon: aria2 cannot download from some seeds')
  const wish = { takesWebSeeds: true, ip: '192.0.2.1' }
  const all = { ...ARIA2, ...transmission('3.00') }
  const chosen = await startOnce(t, all, wish)
  assert.deepEqual([chosen.program, chosen.advice], ['aria2c', null])
})
