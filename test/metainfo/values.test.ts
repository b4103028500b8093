import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkTracker, parseTrackers, tiersOf } from '../../src/metainfo/trackers.js'
import type { TrackerUrl } from '../../src/metainfo/values.js'

// The compiler checks these tests: without an error below a directive, the build fails

test('a text is a tracker only after its check', () => {
  const text: string = 'http://t.example/announce'
  const checked: TrackerUrl = checkTracker(text)
  const tiers: TrackerUrl[][] = [...parseTrackers(text), ...tiersOf(text)]
  // @ts-expect-error: nobody checked this text
  const unchecked: TrackerUrl = text
  assert.deepEqual([checked, ...tiers.flat()], [unchecked, unchecked, unchecked])
})
