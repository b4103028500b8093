import { randomBytes } from 'node:crypto'
import type { RedisClient } from '../redis/client.js'
import type { RedisLink } from '../redis/link.js'
import { VERSION } from './seal.js'
import { redisKey } from './shared-digests.js'
import { sharedName, type ShareRules } from './shares.js'
import type { ClaimLevel } from './hash-claims.js'
import { HeldNames, RENEWAL_MS, type Claims } from './claims.js'

/** Milliseconds until the claims of a machine that died are gone. */
const LIFE_MS = 3 * RENEWAL_MS

/** Prolongs a claim for some milliseconds, or with 0 removes it, unless another owner has it. */
const KEEP_CLAIM = `
if redis.call('TYPE', KEYS[1]).ok ~= 'string' or redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`

/** The script, by the name of the method that calls it. */
export const CLAIM_SCRIPTS = { btkitKeepClaim: { lua: KEEP_CLAIM, numberOfKeys: 1 } }

/** Returns the key of a claim, by the name of what is claimed. */
const claimKey = (name: string) => redisKey(name, `${VERSION}-claim`)

type KeepScript = (key: string, token: string, ms: number) => Promise<unknown>

export interface SharedClaimsParts {
  /** Must have CLAIM_SCRIPTS. */
  readonly link: RedisLink
  /** Milliseconds until the claims of a machine that died are gone. Default: 15 s. */
  readonly lifeMs?: number
}

/** Claims among machines: keys in Redis that expire unless they are renewed. */
export class SharedClaims implements Claims {
  readonly #link: RedisLink
  readonly #lifeMs: number
  readonly #token = randomBytes(16).toString('base64url')
  readonly #held = new HeldNames()

  constructor({ link, lifeMs = LIFE_MS }: SharedClaimsParts) {
    this.#link = link
    this.#lifeMs = lifeMs
  }

  async claim(names: readonly string[]): Promise<'held' | 'wait'> {
    const missing = this.#held.missing(names)
    const got = await this.#ask((client) => {
      const [token, ms] = [this.#token, this.#lifeMs]
      return Promise.all(missing.map((name) => client.set(claimKey(name), token, 'PX', ms, 'NX')))
    }, missing)
    const lacking = got?.includes(null) ?? false
    if (lacking) {
      const locked = missing.filter((_, i) => got?.[i] === 'OK')
      await this.#keep(locked, 0)
      return 'wait'
    }
    this.#held.add(names)
    return 'held'
  }

  renew(): Promise<void> {
    return this.#keep(this.#held.all, this.#lifeMs)
  }

  release(names: readonly string[]): Promise<void> {
    return this.#keep(this.#held.remove(names), 0)
  }

  close(): Promise<void> {
    return this.#keep(this.#held.all, 0)
  }

  async #keep(names: readonly string[], ms: number): Promise<void> {
    await this.#ask((client) => {
      const { btkitKeepClaim: keep } = client as unknown as Record<string, KeepScript>
      return Promise.all(
        names.map(async (name) => keep?.call(client, claimKey(name), this.#token, ms)),
      )
    }, names)
  }

  async #ask<T>(
    call: (client: RedisClient) => Promise<T>,
    names: readonly string[],
  ): Promise<T | null> {
    if (names.length === 0) return null
    return this.#link.ask(call, { isWrite: true, bytes: 100 * names.length })
  }
}

/** Claims through a link with CLAIM_SCRIPTS to files that a share has. */
export function sharedLevel(link: RedisLink, rules: ShareRules): ClaimLevel {
  return {
    claims: new SharedClaims({ link }),
    nameOf: ({ version, key, file }) => {
      const name = sharedName(key, file.fingerprint, rules)
      return name === null ? null : `${version}\0${name}`
    },
  }
}
