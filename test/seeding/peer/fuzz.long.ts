import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { findFreePort } from '../../support/opentracker.js'
import { outlast, startService } from '../../support/outlast.js'
import { strangersTo } from '../../support/peer-strangers.js'
import { connectPeer, CONTENT, download, plantFile } from '../../support/seed.js'
import { startQuick } from '../../support/executable.js'

test('minutes of strangers cost a seed nothing', async (t) => {
  const { torrent, infoHash, directory } = await plantFile(t)
  // Data of the last two seconds is not seeded
  await setTimeout(2500)
  const port = await findFreePort()
  const where = ['--host', '127.0.0.1', '--port', String(port), '--no-cache']
  const args = ['seed', torrent, '--data', directory, ...where, '--dht']
  const service = startService(t, args, startQuick(['btkit'], args))
  await service.said(/added/)
  const answers = async () => {
    const peer = await connectPeer(t, port, { infoHash })
    const bytes = await download(peer)
    peer.socket.destroy()
    return bytes.equals(CONTENT)
  }
  await outlast(t, service, { strangers: strangersTo(port, infoHash), answers })
})
