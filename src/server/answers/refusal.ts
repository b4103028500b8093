import { BtkitError } from '../../errors.js'

/** Why something is refused, by the names that all errors have. */
export type RefusalCode =
  | 'usage' // the request is malformed
  | 'not-found'
  | 'not-permitted'
  | 'too-large' // more bytes or paths than may be sent
  | 'too-many' // more files than one request may come to
  | 'incompatible' // files that one torrent can't hold together
  | 'empty' // nothing to make a torrent of
  | 'busy' // more work than can be done in the time there is
  | 'throttled' // more than one client may ask for

/**
 * An error that strangers may be told of as it is: its message names nothing of the server but what
 * the client named itself. How HTTP says it is the business of errors.ts.
 */
export class Refusal extends BtkitError {
  constructor(
    override readonly code: RefusalCode,
    message: string,
  ) {
    super(code, message)
  }
}

/** For what can not be understood. */
export function malformed(message: string): Refusal {
  return new Refusal('usage', message)
}

/** For what is not there, and for what nobody is to know of. */
export function notFound(what: string): Refusal {
  return new Refusal('not-found', `${what}: not found`)
}

/** What was asked for as a file, and is a directory that anybody may know of. */
export class IsDirectory extends Refusal {
  constructor(what: string) {
    super('not-found', `${what}: is a directory`)
  }
}

/** The refusal of what the system does not let the service read. */
export function notPermitted(what: string): Refusal {
  return new Refusal('not-permitted', `${what}: not permitted`)
}

/** An answer that is not ready yet: the client had better ask again after some seconds. */
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

/** For a client that asks for more than its share; after so many seconds it may ask again. */
export function throttled(message: string, retryAfter: number): NotReady {
  return new NotReady(message, retryAfter, 'throttled')
}
