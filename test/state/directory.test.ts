import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stateDirectory } from '../../src/state/directory.js'

const HOME = '/home/me'

/** Settings, and the state directory that follows from them. */
const PLACES: readonly (readonly [
  what: string,
  sources: Partial<Parameters<typeof stateDirectory>[0]>,
  place: string,
])[] = [
  ['an option', { option: '/o', env: { BTKIT_STATE_DIR: '/b' } }, '/o'],
  ['BTKIT_STATE_DIR', { env: { BTKIT_STATE_DIR: '/b', STATE_DIRECTORY: '/s' } }, '/b'],
  ['STATE_DIRECTORY of systemd', { env: { STATE_DIRECTORY: '/s' }, isRoot: true }, '/s'],
  ['several STATE_DIRECTORYs', { env: { STATE_DIRECTORY: '/s:/t' } }, '/s'],
  ['nothing, for root', { env: { HOME }, isRoot: true }, '/var/lib/btkit'],
  ['XDG_STATE_HOME', { env: { HOME, XDG_STATE_HOME: '/x' } }, '/x/btkit'],
  ['nothing but HOME', { env: { HOME } }, '/home/me/.local/state/btkit'],
  ['an empty variable', { env: { HOME, BTKIT_STATE_DIR: '' } }, '/home/me/.local/state/btkit'],
]

for (const [what, sources, place] of PLACES) {
  test(`with ${what}, state is in ${place}`, () => {
    assert.equal(stateDirectory({ option: undefined, env: {}, isRoot: false, ...sources }), place)
  })
}
