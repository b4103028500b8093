import assert from 'node:assert/strict'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { unlessWindows } from '../../../disk/failure.js'
import { findPeer } from '../../../support/peers.js'
import { assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

// A name that the system knows without asking anybody: inet_aton(3) has it
for (const [what, host, program] of [
  ['whose name is an address of loopback', '0x7f.1.1', 'aria2c'],
  ['on another machine', '192.0.2.1', 'transmission-daemon'],
] as const) {
  test(`download with a tracker ${what} starts ${program}`, unlessWindows, async (t) => {
    const announce = `udp://${host}:6969/announce`
    const directory = makeScratch(t, { 'a.torrent': torrentOf(singleFileInfo(), { announce }) })
    for (const name of ['sh', 'rm', 'sleep']) symlinkSync(findPeer(name)!, join(directory, name))
    for (const name of ['transmission-daemon', 'aria2c']) {
      writeFileSync(join(directory, name), '#!/bin/sh\nexit 1\n')
      chmodSync(join(directory, name), 0o755)
    }
    const args = ['download', join(directory, 'a.torrent'), '--output', `${directory}/`]
    const { stderr } = assertStatus(await runBtkit(args, { env: { PATH: directory } }), 1)
    assert.match(stderr, new RegExp(program))
  })
}
