import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeTrackerSteps, type TrackerSteps } from '../../../src/metainfo/edit/tracker-steps.js'
import type { Trackers } from '../../../src/metainfo/edit/trackers.js'

const NO_STEPS: TrackerSteps = { set: null, remove: [], replace: [], add: [] }

function take(trackers: Trackers, steps: Partial<TrackerSteps>): Trackers {
  return takeTrackerSteps(trackers, { ...NO_STEPS, ...steps })
}

const swap = (from: string, to: string) => (url: string) => (url === from ? to : url)

test('a tracker is removed wherever it stands, and what that empties goes away', () => {
  const trackers = { announce: 'a', tiers: [['a'], ['b', 'a'], ['c']] }
  assert.deepEqual(take(trackers, { remove: ['a'] }), { announce: 'b', tiers: [['b'], ['c']] })
  assert.deepEqual(take({ announce: 'a', tiers: [['a']] }, { remove: ['a'] }), {
    announce: null,
    tiers: null,
  })
  assert.deepEqual(take({ announce: 'a', tiers: null }, { remove: ['a'] }), {
    announce: null,
    tiers: null,
  })
})

test('an announce outside a list that goes away stays', () => {
  const trackers = { announce: 'a', tiers: [['b']] }
  assert.deepEqual(take(trackers, { remove: ['b'] }), { announce: 'a', tiers: null })
})

test('a tracker is replaced wherever it stands, and never stands twice in a tier', () => {
  const trackers = { announce: 'a', tiers: [['a', 'b', 'c'], ['a']] }
  assert.deepEqual(take(trackers, { replace: [swap('a', 'b')] }), {
    announce: 'b',
    tiers: [['b', 'c'], ['b']],
  })
  const lone = { announce: 'a', tiers: null }
  assert.deepEqual(take(lone, { replace: [swap('a', 'b')] }), { announce: 'b', tiers: null })
})

test('a tracker is added as a last tier, and a lone announce begins the list', () => {
  assert.deepEqual(take({ announce: 'a', tiers: null }, { add: ['b', 'c', 'b'] }), {
    announce: 'a',
    tiers: [['a'], ['b'], ['c']],
  })
  assert.deepEqual(take({ announce: 'a', tiers: [['a', 'b']] }, { add: ['c'] }), {
    announce: 'a',
    tiers: [['a', 'b'], ['c']],
  })
  assert.deepEqual(take({ announce: null, tiers: null }, { add: ['a'] }), {
    announce: 'a',
    tiers: null,
  })
})

test('a tracker that is there is not added', () => {
  for (const trackers of [
    { announce: 'a', tiers: null },
    { announce: 'b', tiers: [['b'], ['c', 'a']] },
  ]) {
    assert.equal(take(trackers, { add: ['a'] }), trackers)
  }
})

test('the announce becomes the first of the list, in front of which an outsider is put', () => {
  assert.deepEqual(take({ announce: 'c', tiers: [['b'], ['c']] }, { add: ['d'] }), {
    announce: 'b',
    tiers: [['b'], ['c'], ['d']],
  })
  assert.deepEqual(take({ announce: 'a', tiers: [['b'], ['c']] }, { remove: ['c'] }), {
    announce: 'a',
    tiers: [['a'], ['b']],
  })
})

test('steps are taken in the order remove, replace, add', () => {
  const trackers = { announce: 'a', tiers: [['a'], ['b']] }
  const steps = { remove: ['a'], replace: [swap('b', 'a'), swap('a', 'c')], add: ['b', 'a'] }
  assert.deepEqual(take(trackers, steps), { announce: 'c', tiers: [['c'], ['b'], ['a']] })
})

test('without an effect nothing is put in order', () => {
  const odd = { announce: 'x', tiers: [[], ['a', 'a'], ['b']] }
  assert.equal(take(odd, { remove: ['y'], replace: [swap('y', 'z')], add: ['b'] }), odd)
})

test('all trackers are replaced, before single ones are changed', () => {
  const trackers = { announce: 'a', tiers: [['a'], ['b']] }
  assert.deepEqual(take(trackers, { set: [['c', 'd'], ['e']], remove: ['d'] }), {
    announce: 'c',
    tiers: [['c'], ['e']],
  })
  assert.deepEqual(take(trackers, { set: [['c']] }), { announce: 'c', tiers: null })
  assert.deepEqual(take(trackers, { set: [] }), { announce: null, tiers: null })
})
