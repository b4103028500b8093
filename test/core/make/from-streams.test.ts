import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { BtkitError } from '../../../src/base/errors.js'
import { makeGroup } from '../../../src/core/make/make-group.js'
import type { MakeRequest } from '../../../src/core/make/make-torrent.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { FILES, goldenTorrent } from '../golden-content.js'
import { hashContext, makeRequest } from '../requests.js'

type Group = Parameters<typeof makeGroup>[0]
type Arrival = NonNullable<Group['arrival']>

const FILE = { path: 'a', content: Buffer.from('content') }
const [RIGHT, WRONG] = ['content', 'other'].map((text) =>
  createHash('sha256').update(text).digest(),
) as [Buffer, Buffer]

/** Makes torrents of streams, one for each of `changes`; returns what each has. */
async function make(
  arrival: Partial<Arrival>,
  changes: Partial<MakeRequest>[] = [{}],
  { signal = new AbortController().signal } = {},
) {
  const torrents = changes.map((each) => {
    return { ...makeRequest('', { pieceLength: pieceLengthOf(14), ...each }), name: 'content' }
  }) as [Group['torrents'][0]]
  const whole = { place: 'streams', isDirectory: true, files: [FILE], ...arrival }
  const made: (string | null | undefined)[] = []
  await makeGroup(
    { torrents, checksums: [], arrival: whole },
    {
      reading: (_, work) => work(hashContext({ signal })),
      onMade: ({ written }) => {
        made.push(written?.infoHashV2 ?? written?.infoHash)
        return Promise.resolve()
      },
    },
  )
  return made
}

test('streams make the v2 torrent that libtorrent makes of the files', async () => {
  const files = Object.entries(FILES).map(([path, bytes]) => ({
    path,
    content: Readable.from([bytes]),
  }))
  assert.deepEqual(await make({ files }, [{ version: 'v2' }]), [goldenTorrent('v2').infoHashV2])
})

test('several torrents are made of one reading', async () => {
  const tagged = ['x', 'y', null].map((sourceTag) => ({ sourceTag }))
  const content = Readable.from([FILE.content])
  const all = await make({ files: [{ ...FILE, content, length: 7 }] }, tagged)
  const alone = await Promise.all(tagged.map((each) => make({}, [each])))
  assert.deepEqual(all, alone.flat())
  assert.equal(new Set(all).size, 3)
})

/** A stream that must not be read, of unknown length. */
const unread = () => new Readable({ read: () => assert.fail('the stream is read') })

for (const [what, arrival, changes, code] of [
  ['a fault of its source', { fault: new BtkitError('not-found', 'gone') }, {}, 'not-found'],
  ['no file', { files: [] }, {}, 'empty'],
  ['an unknown length that sorts it', {}, { order: { by: 'size', isDescending: false } }, 'usage'],
  ['an unknown length, and pieces by size', {}, { pieceLength: 'auto' }, 'usage'],
] as const) {
  test(`content with ${what} is refused before anything is read`, async () => {
    const files = [{ path: 'a', content: unread() }]
    await assert.rejects(make({ files, ...arrival }, [changes]), { code })
  })
}

for (const [what, files, message] of [
  ['another length', [{ ...FILE, length: 8 }], /^a: has 7 bytes, not 8$/],
  [
    'another checksum',
    [{ ...FILE, checksum: { name: 'sha256', digest: WRONG } }],
    /^a: its sha256 is/,
  ],
  [
    'one of two checksums wrong',
    [{ ...FILE, checksum: [RIGHT, WRONG].map((digest) => ({ name: 'sha256' as const, digest })) }],
    /^a: its sha256 is .*, not /,
  ],
] as const) {
  test(`a file that has ${what} makes no torrent`, async () => {
    await assert.rejects(make({ files }), { code: 'changed', message })
  })
}

test('a file that has its length and checksum makes the torrent without these', async () => {
  const checksum = { name: ['sha512', 'sha256'] as const, digest: RIGHT }
  assert.deepEqual(await make({ files: [{ ...FILE, length: 7, checksum }] }), await make({}))
})

test('an abort ends the wait for a stream from which nothing comes', async () => {
  const end = new AbortController()
  const content = new Readable({
    read: () => {
      setImmediate(() => {
        end.abort()
      })
    },
  })
  const files = [{ path: 'a', content }]
  await assert.rejects(make({ files }, [{}], end), { code: 'interrupted' })
})
