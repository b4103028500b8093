import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { FakeClient } from '../../support/fake-client.js'
import { clientOf, Place } from './place.js'

/** More directories than those of a tree that are completed together. */
const NAMES = Array.from({ length: 150 }, (_, i) => `d${i}`)

/** Ways to complete many directories for a client. */
const ways = {
  'of a tree': (place: Place, client: FakeClient) => {
    return place.completeTree({ publish: [clientOf(client)] })
  },
  'of a command line': (place: Place, client: FakeClient) => {
    const directories = NAMES.map((name) => place.at('src', name))
    return place.complete({ directories, target: null, publish: [clientOf(client)] })
  },
} as const

function plantMany(t: TestContext): Place {
  const place = new Place(t)
  for (const name of NAMES) {
    mkdirSync(place.at('src', name))
    writeFileSync(place.at('src', name, 'f'), name)
  }
  return place
}

for (const [which, complete] of Object.entries(ways)) {
  test(`for the directories ${which}, a client is asked once what it has`, async (t) => {
    const place = plantMany(t)
    const client = new FakeClient()
    const { clients } = await complete(place, client)
    assert.deepEqual([client.wholeLists, clients.unpublished], [1, []])
    assert.ok(clients.published.length >= NAMES.length)
    client.calls.length = 0
    await complete(place, client)
    assert.deepEqual(client.calls, ['list'])
    const [lost] = client.torrents.keys()
    client.torrents.delete(lost!)
    const again = await complete(place, client)
    assert.deepEqual(
      again.clients.published.map(({ infoHash }) => infoHash),
      [lost],
    )
  })

  test(`for the directories ${which}, a client that does not answer is asked once`, async (t) => {
    const client = new FakeClient()
    let asked = 0
    client.list = () => {
      asked++
      return Promise.reject(new BtkitError('unreachable', 'no answer within 30 seconds'))
    }
    const { clients } = await complete(plantMany(t), client)
    assert.deepEqual([asked, clients.unpublished.length], [1, 1])
  })
}
