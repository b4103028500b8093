import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { callScgi } from '../../src/seeding/clients/rtorrent/scgi.js'
import { decodeResponse, encodeCall } from '../../src/seeding/clients/rtorrent/xml-rpc.js'
import { PASSWORD, type Daemon } from './seeding-daemons.js'
import { until } from './until.js'

interface Unmarked {
  readonly torrent: string
  readonly data: string
}

/** Adds a torrent to a daemon as somebody else would, paused. */
export async function addUnmarked(
  kind: string,
  { url }: Daemon,
  { torrent, data }: Unmarked,
): Promise<void> {
  const bytes = readFileSync(torrent)
  const base64 = bytes.toString('base64')
  const base = `http://${url.slice(url.lastIndexOf('@') + 1)}`
  if (kind === 'transmission') {
    const args = { metainfo: base64, 'download-dir': data, paused: true }
    const credentials = Buffer.from(`me:${PASSWORD}`).toString('base64')
    const call = (sessionId: string) => {
      const headers = {
        Authorization: `Basic ${credentials}`,
        'X-Transmission-Session-Id': sessionId,
      }
      const body = JSON.stringify({ method: 'torrent-add', arguments: args })
      return fetch(`${base}/transmission/rpc`, { method: 'POST', headers, body })
    }
    const first = await call('')
    await call(first.headers.get('X-Transmission-Session-Id') ?? '')
  } else if (kind === 'qbittorrent') {
    const login = new URLSearchParams({ username: 'admin', password: 'adminadmin' })
    const answer = await fetch(`${base}/api/v2/auth/login`, { method: 'POST', body: login })
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const body = new FormData()
    body.set('torrents', new Blob([bytes]), 'a.torrent')
    body.set('savepath', data)
    body.set('paused', 'true')
    await fetch(`${base}/api/v2/torrents/add`, { method: 'POST', headers: { cookie }, body })
  } else if (kind === 'deluge') await addToDeluge(base, base64, data)
  else await addToRtorrent(url, bytes, data)
  await setTimeout(500)
}

async function addToDeluge(base: string, base64: string, data: string): Promise<void> {
  let cookie = ''
  const call = async (method: string, params: unknown[]) => {
    const body = JSON.stringify({ method, params, id: 1 })
    const headers = { 'Content-Type': 'application/json', cookie }
    const answer = await fetch(`${base}/json`, { method: 'POST', headers, body })
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return (await answer.json()) as { result: unknown }
  }
  await call('auth.login', ['deluge'])
  await call('web.connect', ['0123456789abcdef0123456789abcdef'])
  await until('it is connected', async () => (await call('web.connected', [])).result === true)
  const options = { download_location: data, add_paused: true }
  const { result } = await call('core.add_torrent_file', ['a.torrent', base64, options])
  assert.ok(result)
}

async function addToRtorrent(url: string, bytes: Uint8Array, data: string): Promise<void> {
  const options = { label: url, timeoutMs: 5000, signal: new AbortController().signal }
  const call = encodeCall('load.raw', ['', bytes, `d.directory.set="${data}"`])
  decodeResponse(await callScgi({ path: url.replace('scgi+unix://', '') }, call, options))
}
