import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { awaitSystem, BtkitError } from '../../../base/errors.js'
import { readRegular } from '../../../disk/look/read-bounded.js'
import { changeText, readText } from '../../../disk/write/change-file.js'
import { formatHash, parseHash, type PasswordHash } from './password-hash.js'

/** The roles: an `uploader` adds torrents and edits what is his own. */
export const ROLES = ['admin', 'uploader'] as const

/** A user's role. */
type Role = (typeof ROLES)[number]

/** Somebody who may log in. */
export interface User {
  readonly name: string
  /**
   * Records of who added a torrent have it, and no later user of the name: the name, a colon and
   * random digits. A line that somebody wrote by hand may have only the name.
   */
  readonly id: string
  readonly role: Role
  readonly hash: PasswordHash
  /** Whether an administrator set the password, so that the next log-in asks for another one. */
  readonly isTemporary: boolean
}

/** The end of a user's line if the password is temporary. */
const TEMPORARY = ':temporary'

/** The random part of an id, behind the name and a colon. */
const DIGITS = /^[\da-f]{16}$/

/** Returns the id of a new user. */
export function newUserId(name: string): string {
  return `${name}:${randomBytes(8).toString('hex')}`
}

/** Returns the name of the user with an id, who may be gone. */
export function nameOfId(id: string): string {
  return id.replace(/:.*/, '')
}

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
 * Reads lines of `NAME:ROLE:HASH:DIGITS`, and perhaps `:temporary`. Empty lines and those that
 * begin with # are ignored. A name that is there twice is wrong the second time. Returns the users
 * by name, and the numbers of lines that are wrong.
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
  const [name = '', role = '', spelled = '', digits, ...rest] = lasting.split(':')
  const hash = parseHash(spelled)
  const known = ROLES.find((each) => each === role)
  if (!NAME.test(name) || !known || !hash || rest.length > 0) return null
  if (digits !== undefined && !DIGITS.test(digits)) return null
  const id = digits === undefined ? name : `${name}:${digits}`
  return { name, id, role: known, hash, isTemporary }
}

/** Writes a user as parseUsers reads it. */
function formatUser({ name, id, role, hash, isTemporary }: User): string {
  const digits = id.slice(name.length)
  return `${name}:${role}:${formatHash(hash)}${digits}${isTemporary ? TEMPORARY : ''}`
}

/**
 * Changes the lines of changed users, and no others: people write comments. New users come last.
 */
function changeLines(text: string, before: Map<string, User>, after: Map<string, User>): string {
  const lines = text
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const name = nameOfId(line.trim())
      const user = after.get(name)
      if (user === before.get(name)) return [line]
      return user ? [formatUser(user)] : []
    })
  const added = [...after.values()].filter(({ name }) => !before.has(name))
  return [...lines, ...added.map(formatUser), ''].join('\n')
}

/** The largest file, in bytes: some thousand users. */
const MAX_SIZE = 1024 * 1024

/** Permissions that let strangers read hashes, or anybody else write them. */
const TOO_OPEN = 0o027

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

/** The first line of a new file. */
const HEAD = "# Users of btkit's administration, written by btkit admin"

/**
 * Returns the users of a file, in its order; none if it is not there.
 * @throws BtkitError if it cannot be read, or a line of it is wrong
 */
export async function readUsers(path: string): Promise<Map<string, User>> {
  return usersIn(path, await readText(path, MAX_SIZE))
}

function usersIn(path: string, text: string | null): Map<string, User> {
  const { users, badLines } = parseUsers(text ?? '')
  const [line] = badLines
  if (line === undefined) return users
  throw new BtkitError('usage', `${path}: line ${line} is not NAME:ROLE:HASH; remove the line`)
}

/**
 * Changes the users of a file, which is created if necessary; other lines of it stay.
 * @throws BtkitError as changeText, or if a line of it is wrong
 */
export function changeUsers(
  path: string,
  change: (users: Map<string, User>) => void,
): Promise<void> {
  return changeText(path, MAX_SIZE, (text) => {
    const before = usersIn(path, text)
    const users = new Map(before)
    change(users)
    return changeLines(text ?? HEAD, before, users)
  })
}
