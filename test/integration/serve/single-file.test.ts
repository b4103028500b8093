import { basename } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  assertHolds,
  downloadWithAria2,
  downloadWithLibtorrent,
  downloadWithTransmission,
  fetchSingle,
  type Download,
} from '../../support/clients.js'
import { unlessInstalled, unlessLibtorrent } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { serveMirror } from '../../support/serve.js'

/** Some pieces of 1 MiB and a part of one. */
const CONTENT = pseudoRandom(2.5 * 1024 * 1024 + 1)

/**
 * Plain, and with what an address can't hold as it is in its names. In the file's there is no
 * question mark, since transmission makes an underscore of it and then asks for that.
 */
const PATHS = ['pub/plain.iso', 'Größe #1/100% 日本 a+b?c=d&e;[f]/Ein Paket #2 ü%41+x&y;.iso']

for (const path of PATHS) {
  test(`libtorrent downloads ${path} by url-list alone`, unlessLibtorrent, (t) => {
    return checkDownload(t, path, downloadWithLibtorrent)
  })

  test(`aria2c downloads ${path} by url-list alone`, unlessInstalled('aria2c'), (t) => {
    return checkDownload(t, path, downloadWithAria2)
  })

  const ifInstalled = unlessInstalled('transmission-cli')
  test(`transmission-cli downloads ${path} by url-list alone`, ifInstalled, (t) => {
    return checkDownload(t, path, downloadWithTransmission)
  })
}

async function checkDownload(t: TestContext, path: string, download: Download) {
  const mirror = await serveMirror(t, { files: { [path]: CONTENT }, args: ['--trackerless'] })
  const directory = await download(t, await fetchSingle(mirror, path))
  assertHolds(directory, { [basename(path)]: CONTENT })
}
