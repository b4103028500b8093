import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { mainHash } from '../../../src/admin/torrents/collection.js'
import { addTorrent } from '../../../src/admin/torrents/keep.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import {
  collectionAt,
  filesBelow,
  openTestCollection,
  torrentNamed,
  UPLOADER,
} from '../../support/collection.js'
import { random } from '../../support/random.js'

const BUSY = fileURLToPath(new URL('../../support/busy-collection.js', import.meta.url))
const NAMES = Array.from({ length: 20 }, (_, i) => `first ${i}`)

/** The kept torrents by comment, which nothing here changes, with their paths. */
function keptTorrents(root: string) {
  const places = ['t', 'archive'].flatMap((directory) => {
    const names = filesBelow(join(root, directory))
    return names
      .filter((name) => name.endsWith('.torrent'))
      .map((name) => join(root, directory, name))
  })
  return places.map((path) => ({ path, metainfo: parseMetainfo(readFileSync(path)) }))
}

test('after kill -9 at any moment, each torrent is whole, once, and its owner known', async (t) => {
  const { root, collection } = openTestCollection(t, {
    't/one/readme.txt': '',
    't/two/readme.txt': '',
  })
  for (const name of NAMES) {
    const bytes = torrentNamed(name, `${name}.torrent`)
    await addTorrent(collection, UPLOADER, {
      bytes,
      name,
      category: collection.places.category('0/one'),
    })
  }
  let most = 0
  for (let round = 0; round < 40; round++) {
    const child = spawn(process.execPath, [BUSY, root], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    await once(child.stdout, 'data')
    await setTimeout(random() * 150)
    child.kill('SIGKILL')
    assert.deepEqual(await ended, [null, 'SIGKILL'])
    const torrents = keptTorrents(root)
    const comments = torrents.map(({ metainfo }) => metainfo.comment)
    assert.equal(new Set(comments).size, comments.length, 'no torrent is there twice')
    for (const name of NAMES) assert.ok(comments.includes(`${name}.torrent`), `${name} is there`)
    const { owners } = collectionAt(root).collection
    for (const { path, metainfo } of torrents) {
      assert.equal(owners.of({ path, infoHash: mainHash(metainfo) }), 'uli', path)
    }
    const strange = filesBelow(root).filter(
      (name) => !/\.(torrent|txt|jsonl|jsonl\.new)$/.test(basename(name)),
    )
    assert.deepEqual(
      strange.filter((name) => !/(^|\/)\./.test(name)),
      [],
    )
    most = Math.max(most, torrents.length)
  }
  assert.ok(most > NAMES.length, 'uploads were kept')
})
