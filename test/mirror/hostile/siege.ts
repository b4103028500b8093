import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { makeScratch, plantFiles, type Files } from '../../support/scratch.js'
import { type FixedLimits, serveMirror, type ServedMirror } from '../../support/serve.js'
import { parseAnswers, rawRequest, requestText, type RawAnswer } from './raw.js'

export const SINGLE = '/yum/torrent_service/single'

/** Without pages of directories, which are then refused like everything that is not a file. */
export const NO_LISTINGS = ['--no-listings']

/** The content that must stay secret. */
export const SECRET = 'the secret of this machine'

/** A mirror under attack. */
export interface Siege {
  readonly mirror: ServedMirror
  readonly port: number
  /** The answer to a request. */
  readonly ask: (bytes: string | Uint8Array) => Promise<RawAnswer>
  /** The same for a GET of an address that is sent unchanged. */
  readonly get: (target: string) => Promise<RawAnswer>
  /** The same for the paths of a set, percent-encoded or not. */
  readonly post: (paths: readonly string[]) => Promise<RawAnswer>
  /** Makes sure that an answer is a refusal that reveals nothing. */
  readonly checkRefused: (answer: RawAnswer, ...statuses: number[]) => void
}

export interface SiegeSetup {
  readonly args?: readonly string[]
  readonly limits?: FixedLimits
  readonly files?: Files
  /** What the operator is told (default: nothing). */
  readonly warns?: RegExp
  /** Further files, below the root or elsewhere. */
  readonly plant?: (root: string, outside: string) => void | Promise<void>
}

/**
 * Serves a mirror that has `/yum/good.rpm`, with a secret beside it. At the end, the service must
 * still answer, and the mirror must be unchanged.
 */
export async function besiege(
  t: TestContext,
  setup: SiegeSetup,
  attack: (siege: Siege) => Promise<void>,
): Promise<void> {
  const outside = makeScratch(t, { 'secret.txt': SECRET })
  const root = makeScratch(t, { 'yum/good.rpm': 'good' })
  plantFiles(root, setup.files ?? {})
  await setup.plant?.(root, outside)
  const before = listTree(root)
  const args = ['--log', 'off', ...(setup.args ?? [])]
  const mirror = await serveMirror(t, { root, args, limits: setup.limits ?? {} })
  const siege = siegeOf(mirror, [root, outside])
  await attack(siege)
  await checkOfUse(siege)
  assert.deepEqual(listTree(root), before)
  // Nothing that a client does is an internal error of the server
  assert.match(mirror.stderr.text, setup.warns ?? /^$/)
}

function siegeOf(mirror: ServedMirror, secrets: readonly string[]): Siege {
  const { port } = mirror
  const ask = async (bytes: string | Uint8Array) => {
    const answers = parseAnswers(await rawRequest(port, bytes))
    assert.equal(answers.length, 1, 'one request, one answer')
    return answers[0]!
  }
  return {
    ...{ mirror, port, ask },
    get: (target) => ask(requestText(`GET ${target}`)),
    post: (paths) => ask(postText(paths)),
    checkRefused: ({ status, headers, body }, ...statuses) => {
      const text = JSON.stringify([status, [...headers], body])
      assert.ok(status >= 400 && status < 500, text)
      if (statuses.length > 0) assert.ok(statuses.includes(status), text)
      assert.match(headers.get('content-type') ?? '', /^text\/plain\b/, text)
      assert.match(body, /^[^\r\n]+\n$/, text)
      for (const secret of [...secrets, SECRET]) assert.ok(!text.includes(secret), text)
    },
  }
}

/** A form with the right digest for its paths, as long as they can be decoded. */
export function postText(paths: readonly string[], fields: readonly string[] = []): string {
  const body = paths.map((path) => `p=${path}`).join('&')
  const type = 'Content-Type: application/x-www-form-urlencoded'
  const all = ['Host: mirror.example', type, `Content-Length: ${body.length}`, ...fields]
  return requestText(`POST ${digestAddress(paths)}`, all, body)
}

/** The address of a set. */
export function digestAddress(paths: readonly string[]): string {
  const decoded = paths.map(decodeIfPossible).join('\n')
  return `/yum/torrent_service/digest/${createHash('sha1').update(decoded).digest('hex')}`
}

function decodeIfPossible(path: string): string {
  try {
    return decodeURIComponent(path.replaceAll('+', ' '))
  } catch {
    return path
  }
}

/** Whether the service still answers normal requests. */
async function checkOfUse({ get }: Siege): Promise<void> {
  const torrent = await get(`${SINGLE}/yum/good.rpm`)
  assert.equal(torrent.headers.get('content-type'), 'application/x-bittorrent')
  assert.deepEqual([torrent.status, (await get('/yum/good.rpm')).body], [200, 'good'])
}

/** Everything in a tree, with the properties that show a change. */
function listTree(directory: string): string[] {
  const { mode, size, mtimeNs, ino } = lstatSync(directory, { bigint: true })
  const own = [directory, mode, size, mtimeNs, ino].join(' ')
  const entries = readdirSync(directory, { withFileTypes: true })
  const below = entries.flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return listTree(path)
    const stats = lstatSync(path, { bigint: true })
    return [path, stats.mode, stats.size, stats.mtimeNs, stats.ino].join(' ')
  })
  return [own, ...below.sort()]
}
