import { ask, FORM, formOf, type Answer } from '../ask.js'
import { setDigest } from './reference-rules.js'

export const MOUNT = '/yum/torrent_service'

/** What the yum client comes to: the torrent, and the name under which it keeps it. */
export interface YumResult {
  /** The statuses of the answers on the way. */
  readonly statuses: readonly number[]
  readonly fileName: string
  readonly torrent: Buffer
}

/** Plays the exchange of the yum client, which falls back to plain HTTP on anything unexpected. */
export async function playYum(port: number, paths: readonly string[]): Promise<YumResult> {
  const sorted = paths.toSorted()
  const address = `${MOUNT}/digest/${setDigest(sorted)}`
  const first = await ask(port, address)
  if (first.status === 200) return finish([200], first)
  if (first.status !== 412) throw new Error(`GET: ${first.status}`)
  const second = await ask(port, address, { method: 'POST', headers: FORM, body: formOf(sorted) })
  if (second.status !== 200) throw new Error(`POST: ${second.status}`)
  return finish([412, 200], second)
}

const PREFIX = 'attachment; filename='

function finish(statuses: readonly number[], { headers, body }: Answer): YumResult {
  const disposition = headers['content-disposition'] ?? ''
  if (!disposition.startsWith(PREFIX)) throw new Error(`what is ${disposition}?`)
  return { statuses, fileName: disposition.slice(PREFIX.length), torrent: body }
}

/** POSTs a set to the address of its digest, the paths in the order given. */
export function post(port: number, paths: readonly string[], mount = MOUNT): Promise<Answer> {
  const address = `${mount}/digest/${setDigest(paths)}`
  return ask(port, address, { method: 'POST', headers: FORM, body: formOf(paths) })
}

/** GETs a set by its digest. */
export function get(port: number, paths: readonly string[], mount = MOUNT): Promise<Answer> {
  return ask(port, `${mount}/digest/${setDigest(paths)}`)
}

/** The address of `single` for a path or glob on the mirror. */
export function singleAddress(path: string, mode: 'single' | 'simple' = 'single'): string {
  return `${MOUNT}/${mode}${path.split('/').map(encodeURIComponent).join('/')}`
}
