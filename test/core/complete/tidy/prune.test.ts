import assert from 'node:assert/strict'
import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { Place, UNSEEN } from '../place.js'

test('a target that another directory replaces during a run loses nothing of that one', async (t) => {
  const place = new Place(t)
  await place.completeTree({})
  rmSync(place.at('src/a'))
  const planned = (list: string) => {
    if (list !== 'removed') return Promise.resolve()
    renameSync(place.at('out'), place.at('moved'))
    cpSync(place.at('moved'), place.at('out'), { recursive: true })
    return Promise.resolve()
  }
  const report = await place.completeTree({ prune: 'always' }, { ...UNSEEN, planned })
  assert.equal(report.removed.length, 1)
  assert.deepEqual(readdirSync(place.at('out')).sort(), ['a.torrent', 'b.torrent'])
  assert.deepEqual(readdirSync(place.at('moved')), ['b.torrent'])
})
