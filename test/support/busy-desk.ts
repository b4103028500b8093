import { randomInt } from 'node:crypto'
import { deleteTorrents, listBin, restoreTorrents } from '../../src/admin/torrents/bin.js'
import {
  archiveTorrents,
  moveTorrents,
  renameCategory,
} from '../../src/admin/torrents/categories.js'
import { editTorrents, openTorrents } from '../../src/admin/torrents/edit.js'
import { keepTorrents } from '../../src/admin/torrents/keep.js'
import { digestOf } from '../../src/pages/edited-values.js'
import { ADMIN, deskAt, torrentNamed, UPLOADER, uploadOf } from './desk.js'

// A program that changes the torrents below its first argument at random until it is killed
const { desk, trays } = deskAt(process.argv[2]!)

function oneOf<T>(values: readonly T[]): T {
  return values[randomInt(values.length)]!
}

function torrents(isArchived = false): string[] {
  const categories = desk.places.list().filter(({ root }) => root.isArchive === isArchived)
  return categories.flatMap((each) =>
    desk.places.torrentNames(each).map((name) => `${each.address}/${name}`),
  )
}

function categories(): string[] {
  return desk.places
    .list()
    .filter(({ root, names }) => !root.isArchive && names.length > 0)
    .map(({ address }) => address)
}

const acts: readonly (() => Promise<unknown>)[] = [
  () => moveTorrents(desk, ADMIN, { torrents: [oneOf(torrents())], to: oneOf(categories()) }),
  () => deleteTorrents(desk, ADMIN, [oneOf(torrents())]),
  () => restoreTorrents(desk, ADMIN, [oneOf(listBin(desk)).id]),
  () => archiveTorrents(desk, ADMIN, { torrents: [oneOf(torrents())], isBack: false }),
  () => archiveTorrents(desk, ADMIN, { torrents: [oneOf(torrents(true))], isBack: true }),
  () => renameCategory(desk, ADMIN, { address: oneOf(categories()), name: `c${randomInt(1000)}` }),
  () => {
    const chosen = [oneOf(torrents())]
    const digest = digestOf(openTorrents(desk, ADMIN, chosen))
    const changes = { name: `n${randomInt(1e9)}`, webSeeds: [`http://w.example/${randomInt(1e9)}`] }
    return editTorrents(desk, ADMIN, {
      ...{ torrents: chosen, digest },
      changesOf: () => changes,
      isDry: false,
    })
  },
  async () => {
    const name = `u${randomInt(1e9)}.torrent`
    await trays.receive('uli', uploadOf({ [name]: torrentNamed(name, name) }), 0)
    await keepTorrents(desk, UPLOADER, {
      trays,
      to: oneOf(categories()),
      names: new Map([[name, name]]),
    })
  },
]

process.stdout.write('begun\n')
for (;;)
  await Promise.resolve()
    .then(oneOf(acts))
    .catch(() => undefined)
