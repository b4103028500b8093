import { BtkitError } from '../../errors.js'

/** Why a request is refused. */
export type RefusalCode =
  | 'usage' // the request is malformed
  | 'not-found'
  | 'not-permitted'
  | 'too-large' // more bytes or paths than may be sent
  | 'too-many' // more files than one request may come to
  | 'incompatible' // files that one torrent can't hold together
  | 'empty' // nothing to make a torrent of
  | 'busy' // more work than can be done in time
  | 'throttled' // more than one client's share
  | 'stalled' // a body that arrives too slowly

/**
 * An error that may be shown to strangers: its message names only what the client named. errors.ts
 * has the HTTP status of each code.
 */
export class Refusal extends BtkitError {
  constructor(
    override readonly code: RefusalCode,
    message: string,
  ) {
    super(code, message)
  }
}

/** Refuses a request that cannot be understood. */
export function malformed(message: string): Refusal {
  return new Refusal('usage', message)
}

/** Refuses what does not exist, and what must look as if it did not. */
export function notFound(what: string): Refusal {
  return new Refusal('not-found', `${what}: not found`)
}

/** Refuses to send a directory as a file; its existence is no secret. */
export class IsDirectory extends Refusal {
  constructor(what: string) {
    super('not-found', `${what}: is a directory`)
  }
}

/** Refuses what the system does not let the service read. */
export function notPermitted(what: string): Refusal {
  return new Refusal('not-permitted', `${what}: not permitted`)
}

/** An answer that is not ready yet: the client should ask again later. */
export class NotReady extends Refusal {
  constructor(
    message: string,
    /** In seconds. */
    readonly retryAfter: number,
    code: 'busy' | 'throttled' = 'busy',
  ) {
    super(code, message)
  }
}

/**
 * Refuses a client that asks for more than its share; it may ask again after `retryAfter` seconds.
 */
export function throttled(message: string, retryAfter: number): NotReady {
  return new NotReady(message, retryAfter, 'throttled')
}
