import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemberLists } from '../../../src/tracker/swarms/member-lists.js'
import { randomNumbers } from '../../support/pseudo-random.js'

/** The peers of each list of a swarm, sorted. */
function listsOf(members: MemberLists, swarm: number): number[][] {
  return [0, 1, 2, 3].map((list) => {
    const [numbers, start] = [members.numbers(swarm), members.start(swarm, list)]
    const length = members.length(swarm, list)
    return Array.from({ length }, (_, at) => numbers[start + at]!).sort((a, b) => a - b)
  })
}

test('peers that join and leave swarms of any size are in their lists', () => {
  const [peers, swarms] = [400, 12]
  const members = new MemberLists(peers, swarms)
  const places = new Map<number, { swarm: number; list: number }>()
  const random = randomNumbers(9)
  for (let turn = 0; turn < 20_000; turn += 1) {
    const peer = 1 + (random() % peers)
    const place = places.get(peer)
    if (place) members.remove(place.swarm, place.list, peer)
    places.delete(peer)
    // Swarms have between none and some hundred peers, and sometimes all leave
    const isLeaving = turn % 4000 > 3000
    const swarm = 1 + Math.floor(Math.sqrt(random() % (swarms * swarms)))
    const list = random() % 4
    if (!isLeaving) {
      members.add(swarm, list, peer)
      places.set(peer, { swarm, list })
    }
    const changed = place?.swarm ?? swarm
    const expected = [0, 1, 2, 3].map((each) =>
      [...places].filter(([, at]) => at.swarm === changed && at.list === each).map(([n]) => n),
    )
    assert.deepEqual(
      listsOf(members, changed),
      expected.map((list) => list.sort((a, b) => a - b)),
    )
  }
})
