import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { announceQuery, type RunningTrack, startTrack, textIn } from '../../support/track.js'
import { announcePacket, connectPacket } from '../wires/packets.js'

const torrentNamed = (name: string) => torrentOf(singleFileInfo({ name }))
const hashOf = (bytes: Uint8Array) => parseMetainfo(bytes).infoHash ?? ''

test('the first announce of a torrent that was put there just now is answered', async (t) => {
  const directory = makeScratch(t)
  const track = await startTrack(t, { args: ['--allowed-dir', directory] })
  for (const name of ['one', 'two', 'three']) {
    const torrent = torrentNamed(name)
    writeFileSync(join(directory, `${name}.torrent`), torrent)
    const answer = await track.ask(announceQuery(hashOf(torrent)))
    assert.equal(textIn(answer, 'failure reason'), undefined)
  }
  const unknown = await track.ask(announceQuery(hashOf(torrentNamed('other'))))
  assert.match(textIn(unknown, 'failure reason') ?? '', /authorized/)
})

async function udpClient(t: TestContext, track: RunningTrack) {
  const port = Number(/udp:\/\/127\.0\.0\.1:(\d+)/.exec(track.stdout.text)?.[1])
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const send = (packet: Uint8Array) => {
    socket.send(packet, port, '127.0.0.1')
  }
  const ask = async (packet: Uint8Array) => {
    const answered = once(socket, 'message')
    send(packet)
    return ((await answered) as [Buffer])[0]
  }
  return { ask, send, id: (await ask(connectPacket())).subarray(8) }
}

test('over UDP, too', async (t) => {
  const directory = makeScratch(t)
  const track = await startTrack(t, { args: ['--allowed-dir', directory] })
  const { ask, id } = await udpClient(t, track)
  const torrent = torrentNamed('one')
  writeFileSync(join(directory, 'one.torrent'), torrent)
  const packet = announcePacket(id)
  packet.write(hashOf(torrent), 16, 'hex')
  assert.equal((await ask(packet)).readUInt32BE(0), 1)
  assert.equal((await ask(announcePacket(id, { torrent: 'other' }))).readUInt32BE(0), 3)
})

test('an announce that waits for a scan does not disturb the end of the tracker', async (t) => {
  const directory = makeScratch(t)
  const track = await startTrack(t, { args: ['--allowed-dir', directory] })
  const { ask, send, id } = await udpClient(t, track)
  writeFileSync(join(directory, 'one.torrent'), torrentNamed('one'))
  send(announcePacket(id, { torrent: 'other' }))
  // Packets are read in order, so the announce waits when this one is answered
  await ask(connectPacket())
  const { status, stderr } = await track.stop()
  assert.deepEqual([status, stderr], [0, ''])
})
