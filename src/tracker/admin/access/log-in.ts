import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { hashOfNobody, type PasswordHash, PasswordHasher, formatHash } from './password-hash.js'
import { type User, type UsersFile, isPossiblePassword } from './users.js'
import { clientKey, networkOf } from '../../../server/connections/client-address.js'
import type { Html } from '../../../base/text/html.js'
import { counted } from '../../../base/text/quantity.js'
import { isLocal } from '../../../core/remote/address-reach.js'

/**
 * The most attempts of an address, and for a name, that fail within the time in milliseconds. One
 * address alone does not reach the limit of a name, which would shut out its user.
 */
const OF_ADDRESS = { most: 10, time: 5 * 60_000 }
const OF_NAME = { most: 60, time: 15 * 60_000 }

/** The same for all names of an address that many people may share, or of a network of IPv6. */
const OF_NETWORK = { most: 100, time: 5 * 60_000 }

/** The most keys that are counted at a time. */
const COUNTED = 10_000

/** Why an attempt failed; `limited` is for so many milliseconds. */
export type LogInFailure = 'wrong' | { readonly limited: number }

/**
 * Checks names and passwords. Attempts are limited by address and by name. An address that many
 * people may share is limited for each name, so that a stranger does not shut out all.
 */
export class LogIns {
  readonly #hasher = new PasswordHasher()
  readonly #ofAddress: AttemptCounts
  readonly #ofName: AttemptCounts
  readonly #ofNetwork: AttemptCounts
  /** Names and addresses from which they logged in. The limit of a name is for other addresses. */
  readonly #usual = new LRUCache<string, true>({ max: COUNTED })

  /** `monotonic` is a clock in milliseconds that never jumps. */
  constructor(
    private readonly users: UsersFile,
    monotonic: () => number,
  ) {
    this.#ofAddress = new AttemptCounts(OF_ADDRESS, monotonic)
    this.#ofName = new AttemptCounts(OF_NAME, monotonic)
    this.#ofNetwork = new AttemptCounts(OF_NETWORK, monotonic)
  }

  /** Hashes a new password. */
  hash(password: string): Promise<PasswordHash> {
    return this.#hasher.make(password)
  }

  /**
   * Returns the user, or why the attempt failed. Unknown names take as long as known ones. Attempts
   * count until they succeed, so that many at once are limited, too. Attempts that are refused
   * count nowhere: they cost nothing, and would fill the tables. `address` is the client's; null on
   * a Unix socket.
   * @throws BtkitError `busy` if too many people log in at once
   */
  async check(
    name: string,
    password: string,
    address: string | null,
  ): Promise<User | LogInFailure> {
    if (!isPossiblePassword(password)) return 'wrong'
    const key = name.slice(0, 64)
    // An address of this machine or a private network may be a proxy's
    const isShared = address === null || isLocal(address)
    const client = address === null ? 'unix' : clientKey(address)
    const usual = `${key}\0${client}`
    const isUsual = this.#usual.has(usual)
    const network = isShared ? client : networkOf(client)
    const counts = [{ count: this.#ofAddress, of: isShared ? usual : client }]
    if (!isUsual) counts.push({ count: this.#ofName, of: key })
    if (!isUsual && network !== null) counts.push({ count: this.#ofNetwork, of: network })
    const full = counts.find(({ count, of }) => !count.admits(of))
    if (full) return { limited: full.count.remaining(full.of) }
    for (const { count, of } of counts) count.add(of, 1)
    let isWrong = false
    try {
      const user = await this.users.find(name)
      const turn = isUsual ? null : client
      isWrong = !(await this.#hasher.check(password, user?.hash ?? hashOfNobody(), turn))
      if (isWrong || !user) return 'wrong'
      this.#usual.set(usual, true)
      return user
    } finally {
      if (!isWrong) for (const { count, of } of counts) count.add(of, -1)
    }
  }
}

/** Says why an attempt failed. */
export function describeFailure(failure: LogInFailure, wrong: string): string {
  if (failure === 'wrong') return wrong
  const minutes = Math.max(1, Math.ceil(failure.limited / 60_000))
  return `Too many attempts. Try again in ${counted(minutes, 'minute')}.`
}

/** Counts attempts by key, in windows of time that begin with the first attempt. */
class AttemptCounts {
  readonly #counts: LRUCache<string, number>

  constructor(
    private readonly limit: { readonly most: number; readonly time: number },
    now: () => number,
  ) {
    this.#counts = new LRUCache<string, number>({
      max: COUNTED,
      ttl: limit.time,
      noUpdateTTL: true,
      ttlResolution: 0,
      perf: { now },
    })
  }

  /**
   * Whether there may be one more. A full table has no place for another key: none is forgotten.
   */
  admits(key: string): boolean {
    const count = this.#counts.get(key)
    if (count !== undefined) return count < this.limit.most
    return this.#counts.size < COUNTED || this.#counts.purgeStale()
  }

  /** Counts an attempt, or takes it back. */
  add(key: string, change: 1 | -1): void {
    const count = Math.max(0, (this.#counts.get(key) ?? 0) + change)
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }

  /** Milliseconds until the attempts of a key are forgotten. */
  remaining(key: string): number {
    return this.#counts.getRemainingTTL(key)
  }
}

/** Milliseconds without a request after which a session ends. */
const IDLE = 30 * 60_000

/** Milliseconds after which a session ends in any case. */
const LONGEST = 12 * 60 * 60_000

/** The most sessions at once; the oldest end. */
const MOST = 1000

/** Bytes of an id, which nobody can guess. */
const ID_BYTES = 32

/** How a session began. */
interface Session {
  readonly name: string
  /** The hash of the password and the role; if one of them changes, the session ends. */
  readonly proof: string
  readonly begun: number
  /** For the next page: the result of a change. */
  message?: Html | undefined
}

/** The sessions of people who are logged in, in memory: a restart ends all. */
export class Sessions {
  readonly #sessions: LRUCache<string, Session>
  readonly #key = randomBytes(ID_BYTES)

  /** `now` is a clock in milliseconds that never jumps. */
  constructor(private readonly now: () => number) {
    this.#sessions = new LRUCache<string, Session>({
      max: MOST,
      ttl: IDLE,
      updateAgeOnGet: true,
      ttlResolution: 0,
      perf: { now },
    })
  }

  /** Returns an id for a visitor. Only after `begin` it is that of a session. */
  static newId(): string {
    return randomBytes(ID_BYTES).toString('base64url')
  }

  /** Begins a session under a new id, so that an id from before the log-in is worth nothing. */
  begin(user: User): string {
    const id = Sessions.newId()
    this.#sessions.set(id, { name: user.name, proof: proofOf(user), begun: this.now() })
    return id
  }

  /** The name of the user of a session; null if it has ended. */
  nameOf(id: string): string | null {
    const session = this.#sessions.get(id)
    if (!session) return null
    if (this.now() - session.begun <= LONGEST) return session.name
    this.end(id)
    return null
  }

  /** Whether the user of a session is still who logged in; if not, it ends. */
  isOf(id: string, user: User | null): boolean {
    const isSame = user !== null && this.#sessions.peek(id)?.proof === proofOf(user)
    if (!isSame) this.end(id)
    return isSame
  }

  /** Keeps a message for the next page. */
  leaveMessage(id: string, message: Html): void {
    const session = this.#sessions.peek(id)
    if (session) session.message = message
  }

  /** Returns the message for the next page, and forgets it. */
  takeMessage(id: string): Html | undefined {
    const session = this.#sessions.peek(id)
    const message = session?.message
    if (session) session.message = undefined
    return message
  }

  end(id: string): void {
    this.#sessions.delete(id)
  }

  /** The secret from which the tokens of a visitor's forms are made. */
  secretOf(id: string): string {
    return createHmac('sha256', this.#key).update(id).digest('base64url')
  }
}

function proofOf({ role, hash }: User): string {
  return `${role} ${formatHash(hash)}`
}
