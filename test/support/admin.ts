import crypto, { scryptSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { makeScratch, type Files } from './scratch.js'
import { Visitor } from './visitor.js'
import { startTrack, type RunningTrack, type TrackSetup } from './track.js'
import { importMocks } from './import-mocks.js'

/** A tracker with its administration. */
export interface TestAdmin {
  readonly tracker: RunningTrack
  /** The directory of all files of the test: `torrents`, `state` and `users`. */
  readonly root: string
  /** The URL of the pages, without a slash at its end; a path of a Unix socket. */
  readonly pages: string
  /** A browser without cookies. */
  readonly visitor: () => Visitor
  /** A browser that is logged in. */
  readonly logIn: (name?: string) => Promise<Visitor>
}

/** The passwords of the users `alice`, an admin, and `bob`, an uploader. */
export const PASSWORDS: Readonly<Record<string, string>> = {
  alice: 'correct horse battery',
  bob: 'staple of the uploader',
}

const ROLES = { alice: 'admin', bob: 'uploader' } as const

/** A line of the file of users, with a hash that is quick to compute, by Node alone. */
export function userLine(name: string, password: string, role: string): string {
  const salt = Buffer.from(name.padEnd(16, '.'))
  const hash = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 })
  return `${name}:${role}:scrypt$1024$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}\n`
}

/** Plants a file of users, which only its owner can read. Returns its path. */
export function plantUsers(root: string): string {
  const path = join(root, 'users')
  const lines = Object.entries(ROLES).map(([name, role]) => userLine(name, PASSWORDS[name]!, role))
  writeFileSync(path, lines.join(''), { mode: 0o600 })
  return path
}

/**
 * Makes the hashes of this process as cheap as those of `userLine`: they would take half a second
 * each.
 */
export function makeHashesCheap(t: TestContext): void {
  const { scrypt } = crypto
  const cheap = (...[password, salt, length, how, done]: Parameters<typeof scrypt>) => {
    scrypt(password, salt, length, { ...how, N: 1024, p: 1 }, done)
  }
  t.mock.method(crypto, 'scrypt', cheap as typeof scrypt)
  importMocks(t)
}

export interface AdminSetup extends TrackSetup {
  readonly files?: Files
  /** Whether any torrent is tracked, instead of those in `torrents`. */
  readonly open?: boolean
}

/** Tracks the files below `torrents`, with administration, until the test ends. */
export async function startAdmin(
  t: TestContext,
  { files = {}, open = false, ...setup }: AdminSetup = {},
): Promise<TestAdmin> {
  const root = makeScratch(t, files)
  mkdirSync(join(root, 'torrents'), { recursive: true })
  const { args = [] } = setup
  const listen = args.includes('--admin-listen') ? [] : ['--admin-listen', '127.0.0.1:0']
  const tracker = await startTrack(t, {
    ...setup,
    args: [
      ...(open ? ['--open'] : ['--allowed-dir', join(root, 'torrents')]),
      ...['--state-dir', join(root, 'state')],
      ...['--admin-users', plantUsers(root), ...listen, ...args],
    ],
  })
  return { tracker, root, ...visitsOf(tracker.stdout.text) }
}

/** The same by the files and arguments alone: `torrents/…`, `data/…`. */
export function startForms(t: TestContext, files: Files = {}, args: readonly string[] = []) {
  return startAdmin(t, { files, args: [...args] })
}

/** The same with the browser of somebody who has logged in. */
export async function startFormsAs(t: TestContext, name: string, ...more: [Files?, string[]?]) {
  const started = await startForms(t, ...more)
  return { ...started, browser: await started.logIn(name) }
}

/** The pages of a server that printed this when it started, and browsers for them. */
export function visitsOf(printed: string): Omit<TestAdmin, 'tracker' | 'root'> {
  const pages = /^admin: +(\S+)$/m.exec(printed)?.[1] ?? ''
  const visitor = () => new Visitor(pages)
  const logIn = async (name = 'alice') => {
    const browser = visitor()
    const { status, text } = await browser.logIn(name, PASSWORDS[name] ?? '')
    if (status !== 303) throw new Error(text)
    return browser
  }
  return { pages, visitor, logIn }
}
