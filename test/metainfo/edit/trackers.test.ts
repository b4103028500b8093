import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  parseReplacement,
  replaceUrl,
  type TrackerSteps,
  takeTrackerSteps,
  type Trackers,
  changeTrackers,
  readTrackers,
} from '../../../src/metainfo/edit/trackers.js'
import { assertRefused } from '../refusal.js'
import { edited, torrentWith } from './edited.js'

const A = 'http://a.example/announce'
const B = 'udp://b.example:6969'

test('trackers that are not UTF-8 come through an edit of others', () => {
  const odd = Buffer.from('http://\xff.example/', 'latin1')
  const before = torrentWith({ announce: odd, 'announce-list': [[odd]] })
  const add = changeTrackers(({ announce, tiers }) => ({
    announce,
    tiers: [...(tiers ?? []), [B]],
  }))
  const after = edited(before, add)
  const expected = torrentWith({ announce: odd, 'announce-list': [[odd], [B]] })
  assert.deepEqual(after.bytes, expected.bytes)
})

test('trackers given back as they were change nothing, however odd', () => {
  const before = torrentWith({ announce: '', 'announce-list': [[], A] })
  const same = changeTrackers((trackers) => trackers)
  assert.equal(edited(before, same), before)
  assert.deepEqual(readTrackers(before), { announce: null, tiers: [[], [A]] })
})

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

function replace(text: string, url: string): string {
  return replaceUrl(url, parseReplacement(text))
}

test('OLD ends at the equals sign before the scheme of NEW', () => {
  assert.deepEqual(parseReplacement('http://a/?k=1=udp://b:1/?k=2'), {
    from: 'http://a/?k=1',
    to: 'udp://b:1/?k=2',
  })
})

test('a beginning is replaced where a part of the URL ends', () => {
  const text = 'http://a.example=https://b.example'
  assert.equal(replace(text, 'http://a.example/announce'), 'https://b.example/announce')
  assert.equal(replace(text, 'http://a.example:80/x'), 'https://b.example:80/x')
  assert.equal(replace(text, 'http://a.example?k=1'), 'https://b.example?k=1')
  assert.equal(replace('http://a/=https://b/t/', 'http://a/x?y'), 'https://b/t/x?y')
  assert.equal(replace('http://=https://', 'http://a/x'), 'https://a/x')
})

test('a beginning elsewhere, or a part in the middle, stays', () => {
  const text = 'http://a.example=http://b.example'
  for (const url of ['http://a.example.org/', 'http://x/http://a.example/', 'https://a.example']) {
    assert.equal(replace(text, url), url)
  }
})

test('what is no OLD=NEW is refused', () => {
  const form = 'not of the form OLD=NEW with NEW a tracker URL'
  for (const text of ['', 'a', 'a=b', '=http://b/', 'http://a/=ftp://b/']) {
    assertRefused(() => parseReplacement(text), 'usage', `replacement '${text}': ${form}`)
  }
  const twice = 'http://a/?u=http://x/=http://b/'
  const reason = "more than one '=' stands before a URL"
  assertRefused(() => parseReplacement(twice), 'usage', `replacement '${twice}': ${reason}`)
})

test('an OLD that ends a part wants a NEW that does, lest two parts grow together', () => {
  const text = 'http://a/=http://b'
  const reason = "OLD ends in '/', so NEW must end in '/', ':' or '?' too"
  assertRefused(() => parseReplacement(text), 'usage', `replacement '${text}': ${reason}`)
})

test('a result that is no tracker is refused', () => {
  assertRefused(
    () => replace('http://=https://', 'http:///x'),
    'metainfo',
    "tracker 'http:///x': would become 'https:///x', which is not a tracker URL",
  )
})
