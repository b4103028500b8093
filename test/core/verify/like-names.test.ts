import assert from 'node:assert/strict'
import fs, { renameSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { directoryInfo, singleFileInfo, torrentOf } from '../../support/torrents.js'
import { NamesByForm } from '../../../src/core/verify/like-names.js'
import { planVerify, verifyTorrent } from '../../../src/core/verify/verify-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { hashContext } from '../requests.js'
import { placeOf, plantRelease } from './release.js'

/** Returns the first line of verify, which reads no pieces. */
async function said(torrent: string): Promise<string> {
  const { stdout } = assertStatus(await runBtkit(['verify', '--no-check-hashes', torrent]), 1)
  return stdout.split('\n')[0] ?? ''
}

const FORM = 'is there in another Unicode form; rename it, or use btkit find --link'

for (const [torrentForm, diskForm] of [
  ['NFC', 'NFD'],
  ['NFD', 'NFC'],
] as const) {
  const [name, other] = ['é'.normalize(torrentForm), 'é'.normalize(diskForm)]
  test(`a file, or a directory above it, in ${diskForm} and not ${torrentForm} is named`, async (t) => {
    for (const [path, old, now] of [
      [name, name, other],
      [`${name}/a`, name, other],
      [`d/${name}`, `d/${name}`, `d/${other}`],
    ] as const) {
      const release = plantRelease(t, [{ path, size: 10 }])
      renameSync(placeOf(release, old), placeOf(release, now))
      const torrent = join(release.directory, 'release.torrent')
      assert.equal(await said(torrent), `missing     ${path}: "${other}" ${FORM}`)
    }
  })

  test(`the torrent's own name in ${diskForm} and not ${torrentForm} is named`, async (t) => {
    const info = { name }
    const directory = makeScratch(t, {
      'single.torrent': torrentOf(singleFileInfo(info)),
      'dir.torrent': torrentOf(directoryInfo([{ length: 5, path: ['a'] }], { name: `d${name}` })),
      [other]: 'hello',
      [`d${other}/a`]: 'hello',
    })
    const single = await said(join(directory, 'single.torrent'))
    assert.equal(single, `missing     ${name}: "${other}" ${FORM}`)
    const dir = await said(join(directory, 'dir.torrent'))
    assert.equal(dir, `missing     a: "d${other}" ${FORM}`)
  })
}

test('a file, or a directory above it, with other capitals is named', async (t) => {
  for (const [path, old, now] of [
    ['Readme.TXT', 'Readme.TXT', 'README.txt'],
    ['Sub/a', 'Sub', 'sub'],
    ['\u00c9', '\u00c9', 'e\u0301'],
  ] as const) {
    const release = plantRelease(t, [{ path, size: 10 }])
    renameSync(placeOf(release, old), placeOf(release, now))
    const line = await said(join(release.directory, 'release.torrent'))
    const why = `"${now}" is there with capitals in other places; rename it, or use btkit find --link`
    assert.equal(line, `missing     ${path}: ${why}`)
  }
})

test('a name of another file of the torrent is not said to be that of a missing one', async (t) => {
  for (const [gone, other] of [
    ['a', 'A'],
    ['\u00e9', 'e\u0301'],
  ] as const) {
    const release = plantRelease(
      t,
      [gone, other].map((path) => ({ path, size: 10 })),
    )
    rmSync(placeOf(release, gone))
    const torrent = join(release.directory, 'release.torrent')
    const { stdout } = await runBtkit(['verify', '--no-check-hashes', torrent])
    assert.match(stdout, new RegExp(`^missing {5}${gone}: not found: `, 'm'))
  }
})

test('convert and publish say it, too', async (t) => {
  const release = plantRelease(t, [{ path: '\u00e9', size: 10 }])
  renameSync(placeOf(release, '\u00e9'), placeOf(release, 'e\u0301'))
  const torrent = join(release.directory, 'release.torrent')
  const converted = await runBtkit(['convert', '--v2', torrent, '--no-cache'])
  assert.equal(converted.stdout.split('\n')[0], `missing     \u00e9: "e\u0301" ${FORM}`)
  const client = 'transmission+http://127.0.0.1:9/'
  const published = await runBtkit(['publish', torrent, '--client', client, '--no-cache'])
  assert.match(
    published.stderr,
    /its data is not whole: \S+\/\u00e9 is missing \("e\u0301" is there in /,
  )
})

test('a directory that many torrents lack a file of is listed once', async (t) => {
  const names = Array.from({ length: 20 }, (_, i) => `${i}.Iso`)
  const directory = makeScratch(t, {
    ...Object.fromEntries(names.map((name) => [`data/${name.toLowerCase()}`, 'hello'])),
    ...Object.fromEntries(
      names.map((name) => [`t/${name}.torrent`, torrentOf(singleFileInfo({ name }))]),
    ),
  })
  const data = join(directory, 'data')
  const { readdir } = fs.promises
  const listed: unknown[] = []
  t.mock.method(fs.promises, 'readdir', (...args: Parameters<typeof readdir>) => {
    listed.push(args[0])
    return readdir(...args)
  })
  syncBuiltinESMExports()
  t.after(syncBuiltinESMExports)
  const { stdout } = await runBtkit(['verify', '--data', data, join(directory, 't')])
  for (const name of names) assert.match(stdout, new RegExp(`"${name.toLowerCase()}" is there`))
  assert.deepEqual(
    listed.filter((each) => each === data),
    [data],
  )
})

const LATIN1 = Buffer.from('Beyonc\xe9', 'latin1')

test('of a name that is not UTF-8 the line says so', async (t) => {
  const torrent = torrentOf(singleFileInfo({ name: LATIN1 }))
  const path = join(makeScratch(t, { 't.torrent': torrent }), 't.torrent')
  const why = '"Beyonc\ufffd" is not UTF-8 in the torrent; btkit find finds it under other names'
  assert.equal(await said(path), `missing     Beyonc\ufffd: ${why}`)
})

test('a command that opens no such name says that it is there', async (t) => {
  const directory = makeScratch(t)
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), LATIN1]), 'hello')
  const metainfo = parseMetainfo(torrentOf(singleFileInfo({ name: LATIN1 })))
  const request = { metainfo, torrent: 't', path: directory, checkHashes: false, extra: false }
  const plan = await planVerify({ ...request, likeNames: new NamesByForm() })
  const { files } = await verifyTorrent(plan, hashContext())
  const why = '"Beyonc\\xe9" is there, but is not UTF-8; rename it, then use btkit find --link'
  assert.equal(files[0]?.reason, why)
})
