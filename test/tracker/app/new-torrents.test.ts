import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'
import { announceQuery, startTrack, textIn } from '../../support/track.js'
import { announcePacket, connectPacket } from '../udp/packets.js'

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

test('over UDP, too', async (t) => {
  const directory = makeScratch(t)
  const track = await startTrack(t, { args: ['--allowed-dir', directory] })
  const port = Number(/udp:\/\/127\.0\.0\.1:(\d+)/.exec(track.stdout.text)?.[1])
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const ask = async (packet: Uint8Array) => {
    const answered = once(socket, 'message')
    socket.send(packet, port, '127.0.0.1')
    return ((await answered) as [Buffer])[0]
  }
  const id = (await ask(connectPacket())).subarray(8)
  const torrent = torrentNamed('one')
  writeFileSync(join(directory, 'one.torrent'), torrent)
  const packet = announcePacket(id)
  packet.write(hashOf(torrent), 16, 'hex')
  assert.equal((await ask(packet)).readUInt32BE(0), 1)
  assert.equal((await ask(announcePacket(id, { torrent: 'other' }))).readUInt32BE(0), 3)
})
