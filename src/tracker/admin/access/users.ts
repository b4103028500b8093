import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asBtkitError, awaitSystem, BtkitError } from '../../../base/errors.js'
import { absenceOf } from '../../../disk/look/inside.js'
import { lockDirectory } from '../../../disk/write/locks.js'
import { readRegular } from '../../../disk/look/read-bounded.js'
import { writeAtomically } from '../../../disk/write/atomically.js'
import { formatHash, parseHash, type PasswordHash } from './password-hash.js'

/** The roles: an `uploader` adds torrents and edits what is his own. */
export const ROLES = ['admin', 'uploader'] as const

/** A user's role. */
export type Role = (typeof ROLES)[number]

/** Somebody who may log in. */
export interface User {
  readonly name: string
  readonly role: Role
  readonly hash: PasswordHash
  /** Whether an administrator set the password, so that the next log-in asks for another one. */
  readonly isTemporary: boolean
}

/** The end of a user's line if the password is temporary. */
const TEMPORARY = ':temporary'

/** Names that need no quotes anywhere: in files, logs and addresses. */
const NAME = /^[A-Za-z0-9][\w.-]{0,31}$/

/** The fewest characters of a password (NIST SP 800-63B asks for eight), and the most bytes. */
export const SHORTEST_PASSWORD = 10
const LONGEST = 1024

/**
 * Returns a name that somebody typed.
 * @throws BtkitError `usage`
 */
export function checkUserName(name: string): string {
  if (NAME.test(name)) return name
  throw new BtkitError(
    'usage',
    'not a name; use up to 32 letters, digits, dots, dashes and underscores',
  )
}

/**
 * Returns a new password. Its text is in no message.
 * @throws BtkitError `usage`
 */
export function checkNewPassword(password: string): string {
  if (password.length < SHORTEST_PASSWORD)
    throw new BtkitError(
      'usage',
      `the password is too short; use ${SHORTEST_PASSWORD} characters or more`,
    )
  if (Buffer.byteLength(password) > LONGEST)
    throw new BtkitError('usage', `the password is too long; use at most ${LONGEST} bytes`)
  return password
}

/** Whether a password may be one: others are not even hashed. */
export function isPossiblePassword(password: string): boolean {
  return password !== '' && Buffer.byteLength(password) <= LONGEST
}

/**
 * Reads lines of `NAME:ROLE:HASH`, and perhaps `:temporary`. Empty lines and those that begin with #
 * are ignored. A name that is there twice is wrong the second time. Returns the users by name, and
 * the numbers of lines that are wrong.
 */
export function parseUsers(text: string) {
  const users = new Map<string, User>()
  const badLines: number[] = []
  for (const [at, each] of text.split('\n').entries()) {
    const line = each.trim()
    if (line === '' || line.startsWith('#')) continue
    const user = parseUser(line)
    if (user === null || users.has(user.name)) badLines.push(at + 1)
    else users.set(user.name, user)
  }
  return { users, badLines }
}

function parseUser(line: string): User | null {
  const isTemporary = line.endsWith(TEMPORARY)
  const lasting = isTemporary ? line.slice(0, -TEMPORARY.length) : line
  const [name = '', role = '', spelled = '', ...rest] = lasting.split(':')
  const hash = parseHash(spelled)
  const known = ROLES.find((each) => each === role)
  if (!NAME.test(name) || !known || !hash || rest.length > 0) return null
  return { name, role: known, hash, isTemporary }
}

/** Writes users as parseUsers reads them. */
function formatUsers(users: Iterable<User>): string {
  const lines = [...users].map(({ name, role, hash, isTemporary }) => {
    return `${name}:${role}:${formatHash(hash)}${isTemporary ? TEMPORARY : ''}\n`
  })
  return `# Users of btkit's administration, written by btkit admin\n${lines.join('')}`
}

/** The largest file, in bytes: some thousand users. */
const MAX_SIZE = 1024 * 1024

/** The permissions of a new file. */
const MODE = 0o600

/** Permissions that let strangers read hashes, or anybody else write them. */
const TOO_OPEN = 0o027

/** Seconds to wait for another change of the file. */
const WAIT = 10

/** The users in a file, read again when the file changes. */
export class UsersFile {
  #state: string | null = null
  #users: ReadonlyMap<string, User> = new Map()
  #problem = ''

  constructor(
    private readonly path: string,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Reads the file for the first time.
   * @throws BtkitError if it cannot be read, or has wrong permissions
   */
  async open(): Promise<void> {
    await this.#read()
  }

  /** Returns a user. If the file cannot be read any more, there is none. */
  async find(name: string): Promise<User | null> {
    try {
      await this.#read()
      this.#problem = ''
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      this.#state = null
      this.#users = new Map()
      this.#tell(`${error.message}; nobody can log in`)
    }
    return this.#users.get(name) ?? null
  }

  /**
   * Returns all users, in the order of the file.
   * @throws BtkitError as open
   */
  async list(): Promise<User[]> {
    await this.#read()
    return [...this.#users.values()]
  }

  async #read(): Promise<void> {
    const { path } = this
    await requirePrivate(path)
    const file = await readRegular(path, MAX_SIZE, this.#state)
    if (!file) return
    const { users, badLines } = parseUsers(new TextDecoder().decode(file.bytes))
    this.#state = file.state
    this.#users = users
    for (const line of badLines)
      this.warn(
        `${path}: line ${line} is not NAME:ROLE:HASH, or repeats a name; the line is ignored`,
      )
  }

  /** Reports a problem once. */
  #tell(problem: string): void {
    if (problem !== this.#problem) this.warn(problem)
    this.#problem = problem
  }
}

/**
 * Refuses a file that strangers can read, or others than its owner can write.
 * @throws BtkitError `not-permitted`, `not-found`
 */
async function requirePrivate(path: string): Promise<void> {
  const { mode } = await awaitSystem(path, stat(path))
  if ((mode & TOO_OPEN) === 0 || process.platform === 'win32') return
  throw new BtkitError('not-permitted', `${path}: others may read or write it; run chmod 600`)
}

/** Examines the file; null if it is not there. */
async function statIfAny(path: string): Promise<Stats | null> {
  return stat(path).catch((error: unknown) => {
    if (absenceOf(error) === 'missing') return null
    throw asBtkitError(error, path)
  })
}

/**
 * Returns the users of a file, in its order; none if it is not there.
 * @throws BtkitError if it cannot be read, or a line of it is wrong
 */
export async function readUsers(path: string): Promise<Map<string, User>> {
  if ((await statIfAny(path)) === null) return new Map()
  const file = await readRegular(path, MAX_SIZE, null)
  const { users, badLines } = parseUsers(new TextDecoder().decode(file?.bytes))
  const [line] = badLines
  if (line === undefined) return new Map(users)
  throw new BtkitError('usage', `${path}: line ${line} is not NAME:ROLE:HASH; remove the line`)
}

/**
 * Changes the users of a file, which is created if necessary. At any moment it has either its old
 * or its new content; concurrent changes are all kept.
 * @throws BtkitError `locked`, or if the file cannot be read or written
 */
export async function changeUsers(
  path: string,
  change: (users: Map<string, User>) => void,
): Promise<void> {
  const wait = { waitSeconds: WAIT, signal: new AbortController().signal }
  const lock = await lockDirectory(dirname(path), wait)
  try {
    const users = await readUsers(path)
    change(users)
    const mode = (await statIfAny(path)) === null ? MODE : undefined
    await writeAtomically(path, Buffer.from(formatUsers(users.values())), { mode })
  } finally {
    lock.release()
  }
}
