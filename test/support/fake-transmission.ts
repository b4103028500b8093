import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { serveLocally } from './listen.js'

/** A torrent in the list; the other fields are those of a complete torrent that is seeded. */
export interface FakeTorrent {
  readonly hashString: string
  readonly name: string
  readonly labels?: readonly string[]
  /** 0 for stopped, 6 for seeding: `tr_torrent_activity`. */
  readonly status?: number
  readonly sizeWhenDone?: number
  readonly leftUntilDone?: number
}

/**
 * A service that answers as Transmission does when it is asked for its version and its list, unless
 * it is away.
 */
export async function startFakeTransmission(
  t: TestContext,
  torrents: readonly FakeTorrent[],
  isAway = () => false,
): Promise<string> {
  const answers: Readonly<Record<string, unknown>> = {
    'session-get': { version: '3.00', 'rpc-version': 16 },
    'torrent-get': { torrents: torrents.map(fill) },
  }
  const port = await serveLocally(t, (request, response) => {
    void text(request).then((body) => {
      const { method } = JSON.parse(body) as { method: string }
      if (isAway()) response.statusCode = 503
      response.end(JSON.stringify({ result: 'success', arguments: answers[method] }))
    })
  })
  return `transmission+http://127.0.0.1:${port}`
}

function fill(torrent: FakeTorrent) {
  return {
    // The test's data is anywhere
    downloadDir: '',
    labels: ['btkit'],
    status: 6,
    error: 0,
    errorString: '',
    sizeWhenDone: 1,
    leftUntilDone: 0,
    peersConnected: 0,
    rateUpload: 0,
    rateDownload: 0,
    uploadRatio: 0,
    ...torrent,
  }
}
