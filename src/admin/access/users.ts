import { BtkitError } from '../../errors.js'
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
}

/** Names that need no quotes anywhere: in files, logs and addresses. */
const NAME = /^[A-Za-z0-9][\w.-]{0,31}$/

/** The fewest characters of a password (NIST SP 800-63B asks for eight), and the most bytes. */
const SHORTEST = 10
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
  if (password.length < SHORTEST)
    throw new BtkitError('usage', `the password is too short; use ${SHORTEST} characters or more`)
  if (Buffer.byteLength(password) > LONGEST)
    throw new BtkitError('usage', `the password is too long; use at most ${LONGEST} bytes`)
  return password
}

/** Whether a password may be one: others are not even hashed. */
export function isPossiblePassword(password: string): boolean {
  return password !== '' && Buffer.byteLength(password) <= LONGEST
}

/** The users in the text of a file, by name, and the numbers of lines that are wrong. */
export interface ReadUsers {
  readonly users: ReadonlyMap<string, User>
  readonly badLines: readonly number[]
}

/**
 * Reads lines of `NAME:ROLE:HASH`. Empty lines and those that begin with # are ignored. A name that
 * is there twice is wrong the second time.
 */
export function parseUsers(text: string): ReadUsers {
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
  const [name = '', role = '', spelled = '', ...rest] = line.split(':')
  const hash = parseHash(spelled)
  const known = ROLES.find((each) => each === role)
  return NAME.test(name) && known && hash && rest.length === 0 ? { name, role: known, hash } : null
}

/** Writes users as parseUsers reads them. */
export function formatUsers(users: Iterable<User>): string {
  const lines = [...users].map(({ name, role, hash }) => `${name}:${role}:${formatHash(hash)}\n`)
  return `# Users of btkit's administration, written by btkit admin\n${lines.join('')}`
}
