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
import { ADMIN, collectionAt, torrentNamed, UPLOADER, uploadOf } from './collection.js'

// A program that changes the torrents below its first argument at random until it is killed
const { collection, uploads } = collectionAt(process.argv[2]!)

function oneOf<T>(values: readonly T[]): T {
  return values[randomInt(values.length)]!
}

function torrents(isArchived = false): string[] {
  const categories = collection.places.list().filter(({ root }) => root.isArchive === isArchived)
  return categories.flatMap((each) =>
    collection.places.torrentNames(each).map((name) => `${each.address}/${name}`),
  )
}

function categories(): string[] {
  return collection.places
    .list()
    .filter(({ root, names }) => !root.isArchive && names.length > 0)
    .map(({ address }) => address)
}

const acts: readonly (() => Promise<unknown>)[] = [
  () => moveTorrents(collection, ADMIN, { torrents: [oneOf(torrents())], to: oneOf(categories()) }),
  () => deleteTorrents(collection, ADMIN, [oneOf(torrents())]),
  () => restoreTorrents(collection, ADMIN, [oneOf(listBin(collection)).id]),
  () => archiveTorrents(collection, ADMIN, { torrents: [oneOf(torrents())], isBack: false }),
  () => archiveTorrents(collection, ADMIN, { torrents: [oneOf(torrents(true))], isBack: true }),
  () =>
    renameCategory(collection, ADMIN, {
      address: oneOf(categories()),
      name: `c${randomInt(1000)}`,
    }),
  async () => {
    const chosen = [oneOf(torrents())]
    const digest = digestOf(await openTorrents(collection, ADMIN, chosen))
    const changes = { name: `n${randomInt(1e9)}`, webSeeds: [`http://w.example/${randomInt(1e9)}`] }
    return editTorrents(collection, ADMIN, {
      ...{ torrents: chosen, digest },
      changesOf: () => changes,
      isDry: false,
    })
  },
  async () => {
    const name = `u${randomInt(1e9)}.torrent`
    await uploads.receive('uli', uploadOf({ [name]: torrentNamed(name, name) }), 0)
    await keepTorrents(collection, UPLOADER, {
      uploads,
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
