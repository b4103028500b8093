import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { GivenRecord } from '../../../src/core/keep-seeded/given.js'
import { SeedKeeper } from '../../../src/core/keep-seeded/reconcile.js'
import { clientInfoHash } from '../../../src/core/publish/client.js'
import type { Metainfo } from '../../../src/metainfo/metainfo.js'
import type { InfoHash } from '../../../src/metainfo/values.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

test('after an outage of a disk all torrents are seeded again at once, and few lines say it', async () => {
  const all = new Map(
    Array.from({ length: 350 }, (_, n) => {
      return [`${n}.torrent`, parseMetainfo(torrentOf(singleFileInfo({ name: `f${n}` })))]
    }),
  )
  const seeding = new Set<InfoHash>()
  let isGone = false
  const source = {
    look: () =>
      Promise.resolve({
        stamps: new Map([...all.keys()].map((name) => [name, 'same'])),
        isGone: () => false,
        problems: new Map(),
      }),
    async *read(names: readonly string[]): AsyncGenerator<Metainfo | Error, undefined> {
      for (const name of names) yield await Promise.resolve(all.get(name) ?? new Error(name))
      return undefined
    },
    find: (metainfo: Metainfo, torrent: string) =>
      isGone
        ? Promise.reject(new BtkitError('not-found', `${torrent}: its data is not there`))
        : Promise.resolve({ torrent, metainfo }),
  }
  type Whole = Awaited<ReturnType<typeof source.find>>
  const target = {
    atOnce: 1,
    given: new GivenRecord(),
    list: () => Promise.resolve(new Set(seeding)),
    add: (torrents: readonly Whole[]) =>
      Promise.resolve(
        torrents.map(({ torrent, metainfo }) => {
          const infoHash = clientInfoHash(metainfo)
          seeding.add(infoHash)
          return { torrent, infoHash, status: 'published', reason: null, code: null } as const
        }),
      ),
    remove: () => Promise.resolve(new Set<string>()),
  }
  const told: string[] = []
  const keeper = new SeedKeeper(source, target, {
    onProblem: (what) => told.push(what),
    onMore: (count) => told.push(`${count} more`),
  })
  await keeper.update()
  assert.equal(seeding.size, 350)
  isGone = true
  seeding.clear()
  await keeper.update()
  await keeper.update()
  assert.deepEqual([seeding.size, told.length, told.at(-1)], [0, 21, '330 more'])
  isGone = false
  await keeper.update()
  assert.deepEqual([seeding.size, [...keeper.lacking()]], [350, []])
})
