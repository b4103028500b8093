import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { openTab, unlessBrowser } from '../../support/browser.js'
import { listenLocally } from '../../support/listen.js'
import { longTest } from '../../support/long.js'
import { startTrack } from '../../support/track.js'
import { idOf } from '../../support/web-peer.js'

const HASH = 'é'.repeat(20)

/** The beginning of both scripts: a peer of the torrent, as a WebTorrent client is. */
function peerScript(url: string, name: string): string {
  return `
    const socket = new WebSocket(${JSON.stringify(url)})
    await new Promise((resolve) => (socket.onopen = resolve))
    const own = { action: 'announce', info_hash: '${HASH}', peer_id: '${idOf(name)}', left: 1 }
    const send = (fields) => socket.send(JSON.stringify({ ...own, ...fields }))
    const connection = new RTCPeerConnection()
    const describe = async (description) => {
      await connection.setLocalDescription(description)
      while (connection.iceGatheringState !== 'complete')
        await new Promise((resolve) => (connection.onicegatheringstatechange = resolve))
      return connection.localDescription
    }
    const messages = (act) => (socket.onmessage = ({ data }) => act(JSON.parse(data)))`
}

longTest(
  'two pages of a browser connect by WebRTC through the tracker',
  unlessBrowser,
  async (t) => {
    const track = await startTrack(t, { args: ['--web-torrent'] })
    const url = `${track.address.replace('http', 'ws')}/announce`
    const [first, second] = [await openTab(t), await openTab(t)]
    const site = createServer((_request, response) => response.end())
    const port = await listenLocally(t, site)
    for (const tab of [first, second]) await tab.open(`http://127.0.0.1:${port}/`)
    await first.page.evaluate(`(async () => {
    ${peerScript(url, 'first')}
    connection.ondatachannel = ({ channel }) => {
      channel.onmessage = ({ data }) => channel.send(data + ' and hello')
    }
    messages(async ({ offer, offer_id, peer_id }) => {
      if (!offer) return
      await connection.setRemoteDescription(offer)
      const answer = await describe(await connection.createAnswer())
      send({ to_peer_id: peer_id, offer_id, answer })
    })
    send({ event: 'started', offers: [] })
  })()`)
    const heard = await second.page.evaluate(`(async () => {
    ${peerScript(url, 'second')}
    const channel = connection.createDataChannel('data')
    const offer = await describe(await connection.createOffer())
    messages(({ answer }) => answer && connection.setRemoteDescription(answer))
    send({ event: 'started', numwant: 1, offers: [{ offer, offer_id: 'x'.repeat(20) }] })
    await new Promise((resolve) => (channel.onopen = resolve))
    channel.send('hello')
    return new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)))
  })()`)
    assert.equal(heard, 'hello and hello')
  },
)
