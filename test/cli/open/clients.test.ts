import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openClients } from '../../../src/cli/open/clients.js'
import type { Io } from '../../../src/cli/io.js'
import { makeScratch } from '../../support/scratch.js'

const FILES = ['netrc', 'systemd/btkit.netrc', 'xdg/btkit/netrc', 'home/.config/btkit/netrc']

/** The environment, and the first of FILES that counts. */
for (const [what, env, found] of [
  ['NETRC', { NETRC: 'netrc', CREDENTIALS_DIRECTORY: 'systemd', HOME: 'home' }, 0],
  ['the directory of systemd', { CREDENTIALS_DIRECTORY: 'systemd', XDG_CONFIG_HOME: 'xdg' }, 1],
  ['XDG_CONFIG_HOME', { XDG_CONFIG_HOME: 'xdg', HOME: 'home' }, 2],
  ['the home directory', { HOME: 'home' }, 3],
] as const) {
  test(`the password of a client is found by ${what}`, (t) => {
    const directory = makeScratch(
      t,
      Object.fromEntries(
        FILES.map((path, i) => [path, `machine h login user${i} password p\n`] as const),
      ),
    )
    for (const path of FILES) chmodSync(join(directory, path), 0o600)
    const absolute = Object.entries(env).map(([name, path]): [string, string] => {
      return [name, join(directory, path)]
    })
    const { signal } = new AbortController()
    const io = { env: Object.fromEntries(absolute), isRoot: false, signal } as unknown as Io
    const [client] = openClients(['qbittorrent+http://h'], io)
    assert.deepEqual([client?.address.user, client?.address.password], [`user${found}`, 'p'])
  })
}
