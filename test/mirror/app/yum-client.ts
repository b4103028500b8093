import { ask, FORM, formOf, type Answer } from '../ask.js'
import { setDigest } from './reference-rules.js'

export const MOUNT = '/yum/torrent_service'

/** The result of the yum client: the torrent, and its file name. */
export interface YumResult {
  /** The statuses of all answers. */
  readonly statuses: readonly number[]
  readonly fileName: string
  readonly torrent: Buffer
}

/** Imitates the yum client, which falls back to plain HTTP on any unexpected answer. */
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

/** POSTs a set to the address of its digest, with the paths in the given order. */
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
