import assert from 'node:assert/strict'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startOwnClient } from '../../../src/clients/own/start.js'
import { unlessWindows } from '../../files/failure.js'
import { findPeer } from '../../support/peers.js'
import { makeScratch } from '../../support/scratch.js'

const SETTINGS = {
  minport: 20000,
  maxport: 60000,
  maxUploadRate: 0,
  maxDownloadRate: 0,
  asksMetadata: false,
  caCertificates: null,
}

/**
 * Returns the name of the program that is started; each program is a script with the given text.
 */
async function started(
  t: TestContext,
  scripts: Readonly<Record<string, string>>,
  wish: { readonly opensHybrids: boolean; readonly takesWebSeeds?: boolean },
): Promise<string> {
  const directory = makeScratch(t)
  for (const program of ['sh', 'rm', 'sleep']) {
    symlinkSync(findPeer(program)!, join(directory, program))
  }
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(directory, name), 0o755)
  }
  const own = await startOwnClient(
    { ...SETTINGS, takesWebSeeds: false, ...wish },
    { PATH: directory },
  )
  await own.stop()
  return own.program
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
  ['rtorrent before Transmission 4', { ...RTORRENT, ...transmission('4.0.5') }, 'rtorrent'],
  ['not Transmission 3.00', { ...ARIA2, ...transmission('3.00') }, 'aria2c'],
  ['not what tells no version', { ...ARIA2, 'transmission-daemon': 'exit 1' }, 'aria2c'],
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

test('for other torrents it is the first that is installed', unlessWindows, async (t) => {
  assert.equal(
    await started(t, { ...ARIA2, ...transmission('4.0.5') }, { opensHybrids: false }),
    'aria2c',
  )
})
