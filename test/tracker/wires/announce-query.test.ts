import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashKey, readAnnounce, readScrape } from '../../../src/tracker/wires/http-query.js'
import { formatAddress, parseAddress } from '../../../src/tracker/swarms/peer-address.js'
import { ConnectionIds, ID_SECRET } from '../../../src/tracker/wires/udp-server.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { TrackerRefusal } from '../../../src/tracker/answers/refusal.js'

const HASH = 'info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A'
const ID = 'peer_id=-XX0001-abcdefghijkl'
const BASE = `${HASH}&${ID}&port=6881`

test('a usual announce is read', () => {
  const query = `${BASE}&uploaded=1&downloaded=2&left=0&event=completed&numwant=80&compact=1&key=0badcafe`
  const { infoHash, peerId, ...others } = readAnnounce(query)
  const hex = '123456789abcdef123456789abcdef123456789a'
  assert.equal(Buffer.from(infoHash).toString('hex'), hex)
  assert.equal(Buffer.from(peerId).toString('latin1'), '-XX0001-abcdefghijkl')
  assert.deepEqual(others, {
    port: 6881,
    key: 0x0badcafe,
    event: 'completed',
    isComplete: true,
    wanted: 80,
    form: 'compact',
    claimed: null,
  })
})

test('missing fields have the values of a client that begins', () => {
  const { key, event, isComplete, wanted, form } = readAnnounce(BASE)
  const told = { key: 0, event: 'none', isComplete: false, wanted: null, form: 'compact' }
  assert.deepEqual({ key, event, isComplete, wanted, form }, told)
})

test('every byte may be escaped in either case, or stand for itself', () => {
  for (let byte = 0; byte < 256; byte += 1) {
    const hex = byte.toString(16).padStart(2, '0')
    const spellings = [`%${hex}`, `%${hex.toUpperCase()}`]
    if (!'&%'.includes(String.fromCharCode(byte))) spellings.push(String.fromCharCode(byte))
    for (const spelling of spellings) {
      const query = `info_hash=${spelling.repeat(20)}&${ID}&port=1`
      assert.deepEqual(readAnnounce(query).infoHash, new Uint8Array(20).fill(byte))
    }
  }
})

test('a hash that does not have 20 bytes is refused', () => {
  for (const hash of ['', 'a', 'a'.repeat(19), 'a'.repeat(21), '%61'.repeat(21), 'a'.repeat(9e5)]) {
    const query = `info_hash=${hash}&${ID}&port=1`
    assertRefusedBy(() => readAnnounce(query), 400, 'info_hash does not have 20 bytes')
  }
})

test('an invalid escape is refused', () => {
  for (const escape of ['%', '%4', '%zz', '%4g', '% 1', '%-1', '%%41']) {
    const query = `info_hash=${'a'.repeat(19)}${escape}&${ID}&port=1`
    assertRefusedBy(() => readAnnounce(query), 400, 'info_hash is not percent-encoded')
  }
})

test('required fields must appear once', () => {
  assertRefusedBy(() => readAnnounce(`${ID}&port=1`), 400, 'info_hash is missing')
  assertRefusedBy(() => readAnnounce(`${HASH}&port=1`), 400, 'peer_id is missing')
  assertRefusedBy(() => readAnnounce(`${HASH}&${ID}`), 400, 'port is missing')
  assertRefusedBy(() => readAnnounce(`${HASH}&${BASE}`), 400, 'info_hash appears twice')
  assertRefusedBy(() => readAnnounce(`${ID}&${BASE}`), 400, 'peer_id appears twice')
  assertRefusedBy(() => readAnnounce(`${BASE}&port=2`), 400, 'port appears twice')
})

test('ports are numbers up to 65535', () => {
  for (const port of ['', '-1', '65536', '99999999999999999999', '1e3', '0x10', '6881;', ' 1']) {
    assertRefusedBy(() => readAnnounce(`${HASH}&${ID}&port=${port}`), 400, 'port is not a port')
  }
  assert.equal(readAnnounce(`${HASH}&${ID}&port=0`).port, 0)
  assert.equal(readAnnounce(`${HASH}&${ID}&port=65535`).port, 65535)
})

test('left may be any number and says whether the peer is complete', () => {
  const isComplete = (left: string) => readAnnounce(`${BASE}&left=${left}`).isComplete
  assert.equal(isComplete('0'), true)
  assert.equal(isComplete('000'), true)
  assert.equal(isComplete('1'), false)
  assert.equal(isComplete('-1'), false)
  assert.equal(isComplete('9'.repeat(1000)), false)
  for (const left of ['', 'x', '1.5', '0x0']) {
    assertRefusedBy(() => isComplete(left), 400, 'left is not a number')
  }
})

test('how many peers are wanted is a number, or left to the tracker', () => {
  const wanted = (text: string) => readAnnounce(`${BASE}&numwant=${text}`).wanted
  assert.deepEqual([wanted('0'), wanted('50'), wanted('999999999')], [0, 50, 999999999])
  assert.deepEqual(
    [wanted('-1'), wanted(''), wanted('many'), wanted('9'.repeat(99))],
    Array(4).fill(null),
  )
})

test('unknown events are ignored', () => {
  const event = (text: string) => readAnnounce(`${BASE}&event=${text}`).event
  const said = ['started', 'stopped', 'completed', 'paused']
  assert.deepEqual(said.map(event), said)
  for (const text of ['', 'other', 'constructor', '__proto__', 'STARTED']) {
    assert.equal(event(text), 'none')
  }
})

test('peers are compact unless the client asks for dictionaries', () => {
  const form = (fields: string) => readAnnounce(`${BASE}${fields}`).form
  assert.deepEqual(
    [form(''), form('&compact=1'), form('&compact=0'), form('&compact=0&no_peer_id=1')],
    ['compact', 'compact', 'full', 'no-ids'],
  )
})

test('a claimed address is passed on unchanged, without those that stand beside it', () => {
  assert.equal(readAnnounce(`${BASE}&ip=1.2.3.4&ipv6=2001:db8::1`).claimed, '1.2.3.4')
  assert.equal(readAnnounce(`${BASE}&ipv4=1.2.3.4&ipv6=2001:db8::1`).claimed, null)
})

test('each name and value may be escaped', () => {
  const escape = (text: string) =>
    text.replace(/./g, (character) => {
      return `%${character.charCodeAt(0).toString(16)}`
    })
  const fields = ['port=50', 'event=stopped', 'left=0', 'numwant=7', 'key=0badcafe', 'compact=0']
  const others = ['ip=2001:db8::6']
  for (const at of [0, 1]) {
    const spelled = [...fields, ...others].map((field) => {
      return field
        .split('=')
        .map((part, i) => (i === at && !part.includes('%') ? escape(part) : part))
        .join('=')
    })
    const read = readAnnounce(`${HASH.replace('info', '%69nfo')}&${ID}&${spelled.join('&')}`)
    assert.deepEqual([read.port, read.event, read.isComplete], [50, 'stopped', true])
    assert.deepEqual([read.wanted, read.key, read.form], [7, 0x0badcafe, 'full'])
    assert.equal(read.claimed, '2001:db8::6')
  }
})

test('escapes are decoded once, and invalid ones stay unchanged', () => {
  for (const [field, claimed] of [
    ['ip=fe80::1%25eth0', 'fe80::1%eth0'],
    ['ip=%2531', '%31'],
    ['ip=1%', '1%'],
    ['%2569p=::1', null],
  ] as const) {
    assert.equal(readAnnounce(`${BASE}&${field}`).claimed, claimed, field)
  }
  assertRefusedBy(() => readAnnounce(`${HASH}&${ID}&port=%253`), 400, 'port is not a port')
})

test('a field that appears plain and escaped appears twice', () => {
  assertRefusedBy(() => readAnnounce(`${BASE}&%70ort=2`), 400, 'port appears twice')
})

test('if an optional field appears twice, the first one counts', () => {
  assert.equal(readAnnounce(`${BASE}&numwant=1&numwant=2`).wanted, 1)
})

test('fields without a value or a name are ignored', () => {
  assert.equal(readAnnounce(`&&=&=x&left&compact&${BASE}&`).form, 'compact')
})

test('a key is the same number over HTTP and UDP where it is eight hexadecimal digits', () => {
  assert.equal(hashKey('DEADBEEF'), 0xdeadbeef)
  assert.notEqual(hashKey('a'), hashKey('b'))
  assert.notEqual(hashKey(''), 0)
  assert.notEqual(hashKey('00000000'), 0)
})

test('the torrents of a scrape are in byte order, without duplicates', () => {
  const query = `info_hash=${'%ff'.repeat(20)}&x=1&info_hash=${'a'.repeat(20)}&info_hash=${'%61'.repeat(20)}`
  const hashes = readScrape(query).map((bytes) => Buffer.from(bytes).toString('latin1'))
  assert.deepEqual(hashes, ['a'.repeat(20), '\xff'.repeat(20)])
})

test('the name of a field may be escaped', () => {
  assert.equal(readScrape(`%69nfo%5Fhash=${'a'.repeat(20)}`).length, 1)
})

test('a hash that does not have 20 bytes is refused', () => {
  assertRefusedBy(() => readScrape('info_hash=abc'), 400, 'info_hash does not have 20 bytes')
})

function hexOf(text: string): string | null {
  const bytes = parseAddress(text)
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}

test('an IPv4 address is mapped into IPv6', () => {
  const hex = '00000000000000000000ffff01020304'
  assert.equal(hexOf('1.2.3.4'), hex)
  assert.equal(hexOf('::ffff:1.2.3.4'), hex)
  assert.equal(hexOf('::ffff:102:304'), hex)
  assert.equal(hexOf('255.255.255.255')?.slice(-8), 'ffffffff')
})

test('IPv6 addresses in all their forms', () => {
  assert.equal(hexOf('::'), '0'.repeat(32))
  assert.equal(hexOf('::1'), '1'.padStart(32, '0'))
  assert.equal(hexOf('1::'), `0001${'0'.repeat(28)}`)
  assert.equal(hexOf('2001:db8::a:b'), '20010db80000000000000000000a000b')
  assert.equal(hexOf('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008')
  assert.equal(hexOf('fe80::1%eth0'), 'fe800000000000000000000000000001')
  assert.equal(hexOf('64:ff9b::1.2.3.4'), '0064ff9b000000000000000001020304')
})

test('invalid addresses give null', () => {
  const texts = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '01234.1.1.1',
  ]
  for (const text of [
    ...texts,
    ':::',
    '1:2',
    'g::',
    '::1::',
    'host.example',
    '1.2.3.4 ',
    '-1.2.3.4',
  ]) {
    assert.equal(parseAddress(text), null, text)
  }
})

test('addresses are formatted as usual', () => {
  for (const text of ['1.2.3.4', '2001:db8::1', '::1', 'fe80::a:0:0:1']) {
    assert.equal(formatAddress(parseAddress(text)!), text)
  }
})

const HERE = parseAddress('10.0.0.1')!

test('an id is valid for two minutes, as BEP 15 says, and at most for three', () => {
  const ids = new ConnectionIds(pseudoRandom(ID_SECRET))
  for (const second of [600, 630, 659]) {
    const id = ids.issue(HERE, second)
    assert.equal(ids.accepts(id, HERE, second), true)
    assert.equal(ids.accepts(id, HERE, second + 120), true)
    assert.equal(ids.accepts(id, HERE, second + 181), false)
  }
})

test('an id is valid only for its address and only with the secret', () => {
  const ids = new ConnectionIds(pseudoRandom(ID_SECRET))
  const id = ids.issue(HERE, 600)
  for (const other of ['10.0.0.2', '2001:db8::1', '0.0.0.0']) {
    assert.equal(ids.accepts(id, parseAddress(other)!, 600), false)
  }
  assert.equal(new ConnectionIds(pseudoRandom(ID_SECRET)).accepts(id, HERE, 600), true)
  assert.equal(new ConnectionIds(pseudoRandom(ID_SECRET, 1)).accepts(id, HERE, 600), false)
})

test('an id with one changed bit is invalid', () => {
  const ids = new ConnectionIds(pseudoRandom(ID_SECRET))
  for (let bit = 0; bit < 64; bit += 1) {
    const id = Uint8Array.from(ids.issue(HERE, 600))
    id[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(ids.accepts(id, HERE, 600), false)
  }
})

/** Asserts that `run` is refused with a status and message. */
function assertRefusedBy(run: () => unknown, status: number, message: string): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof TrackerRefusal, String(error))
    assert.equal(error.message, message)
    assert.equal(error.status, status)
    return true
  })
}
