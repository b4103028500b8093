import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Html } from '../../text/html.js'
import { formatHash } from './password-hash.js'
import type { User } from './users.js'

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
