import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import pLimit from 'p-limit'
import { BtkitError } from '../../../base/errors.js'
import { networkOf } from '../../../server/connections/client-address.js'
import { Shares } from '../../../server/connections/connection-limits.js'
import { UserTurns } from './turns.js'

/** The cost of new hashes: 64 MiB, and half a second. It is OWASP's least. */
const COST = { N: 2 ** 16, r: 8, p: 2 }

/** The most memory that a hash of the file may ask for, in bytes. */
const MAX_MEMORY = 256 * 1024 * 1024

/** Bytes of a salt and of a hash. */
const SALT = 16
const LENGTH = 32

/** The most passwords that are checked or wait: of all, of one client, and of a network of IPv6. */
const PLACES = { all: 16, perClient: 3, perNetwork: 6 }

/** How a password is spelled in the file: `scrypt`, N, r, p, salt and hash, with `$` between. */
const SPELLED = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{16,64})\$([\w-]{32,128})$/

/** A hash of a password, with all that is needed to compute it again. */
export interface PasswordHash {
  readonly cost: Required<Pick<ScryptOptions, 'N' | 'r' | 'p'>>
  readonly salt: Buffer
  readonly hash: Buffer
}

/** Reads a spelled hash; null if it is none, or would take too much memory. */
export function parseHash(text: string): PasswordHash | null {
  const [, n, r, p, salt = '', hash = ''] = SPELLED.exec(text) ?? []
  const cost = { N: Number(n), r: Number(r), p: Number(p) }
  const isPower = cost.N > 1 && Number.isInteger(Math.log2(cost.N))
  const isCheap = 128 * cost.N * cost.r <= MAX_MEMORY && cost.r > 0 && cost.p > 0 && cost.p <= 16
  if (!isPower || !isCheap) return null
  return { cost, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') }
}

/** Spells a hash as parseHash reads it. */
export function formatHash({ cost, salt, hash }: PasswordHash): string {
  const { N, r, p } = cost
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

/** A hash that no password has, for names that do not exist: checking it takes as long. */
export function hashOfNobody(): PasswordHash {
  return { cost: COST, salt: randomBytes(SALT), hash: randomBytes(LENGTH) }
}

/**
 * Computes hashes one at a time, so that many log-ins cannot use up memory and processors: one for
 * those who logged in before, and one for all others. Clients have turns and few places, so that no
 * client keeps others out.
 */
export class PasswordHasher {
  readonly #known = pLimit(1)
  readonly #others = pLimit(1)
  readonly #places = new Shares(PLACES)
  readonly #turns = new UserTurns()

  /** Hashes a new password. */
  async make(password: string): Promise<PasswordHash> {
    const fresh = { cost: COST, salt: randomBytes(SALT) }
    return { ...fresh, hash: await this.#known(() => compute(password, fresh)) }
  }

  /**
   * Whether a password has a hash. `client` is null for those who logged in before.
   * @throws BtkitError `busy` if too many log-ins wait, or too many of the client
   */
  async check(password: string, known: PasswordHash, client: string | null): Promise<boolean> {
    const act = () => compute(password, known)
    const hash = await (client === null ? this.#known(act) : this.#ofClient(client, act))
    return hash.length === known.hash.length && timingSafeEqual(hash, known.hash)
  }

  async #ofClient(client: string, act: () => Promise<Buffer>): Promise<Buffer> {
    if (!this.#places.take(client))
      throw new BtkitError('busy', 'too many people log in now; try again')
    try {
      const key = networkOf(client) ?? client
      return await this.#turns.run(key, () => this.#others(act))
    } finally {
      this.#places.give(client)
    }
  }
}

function compute(password: string, { cost, salt }: Omit<PasswordHash, 'hash'>): Promise<Buffer> {
  const options = { ...cost, maxmem: 2 * MAX_MEMORY }
  return new Promise((resolve, reject) => {
    // The same letters may come in several spellings from different keyboards
    scrypt(password.normalize('NFC'), salt, LENGTH, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}
