import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { GivenRecord } from '../../../src/core/keep-seeded/given.js'
import { SeedKeeper, type TorrentSource } from '../../../src/core/keep-seeded/reconcile.js'
import { clientInfoHash } from '../../../src/core/publish/client.js'
import type { Metainfo } from '../../../src/metainfo/metainfo.js'
import type { InfoHash } from '../../../src/metainfo/values.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

type Whole = { readonly torrent: string; readonly metainfo: Metainfo }

test('after an outage of a disk all torrents are seeded again at once, and few lines say it', async () => {
  const names = Array.from({ length: 350 }, (_, n) => `${n}`)
  const seeding = new Set<InfoHash>()
  let isGone = false
  const stamps = new Map(names.map((name) => [name, 'same']))
  const source: TorrentSource<Whole> = {
    look: () => Promise.resolve({ stamps, isGone: () => false, problems: new Map() }),
    async *read(wanted) {
      for (const name of wanted)
        yield await Promise.resolve(parseMetainfo(torrentOf(singleFileInfo({ name }))))
      return undefined
    },
    find: (metainfo, torrent) => {
      if (isGone) throw new BtkitError('not-found', `${torrent}: its data is not there`)
      return Promise.resolve({ torrent, metainfo })
    },
  }
  const add = ({ torrent, metainfo }: Whole) => {
    const infoHash = clientInfoHash(metainfo)
    seeding.add(infoHash)
    return { torrent, infoHash, status: 'published', reason: null, code: null } as const
  }
  const target = {
    atOnce: 1,
    given: new GivenRecord(),
    list: () => Promise.resolve(new Set(seeding)),
    add: (torrents: readonly Whole[]) => Promise.resolve(torrents.map(add)),
    remove: () => Promise.resolve(new Set<string>()),
  }
  const told: string[] = []
  const onProblem = (what: string) => told.push(what)
  const onMore = (count: number) => told.push(`${count} more`)
  const keeper = new SeedKeeper(source, target, { onProblem, onMore })
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
