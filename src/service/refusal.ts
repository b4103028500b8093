import { BtkitError, type ErrorCode } from '../errors.js'

/**
 * An error that a client is told of as it is: its message names nothing of the server but what the
 * client named itself.
 */
export class Refusal extends BtkitError {
  constructor(
    readonly statusCode: number,
    code: ErrorCode,
    message: string,
  ) {
    super(code, message)
  }
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'usage', message)
}

/** For what is not there, and for what nobody is to know of. */
export function notFound(what: string): Refusal {
  return new Refusal(404, 'not-found', `${what}: not found`)
}

export function notPermitted(what: string): Refusal {
  return new Refusal(403, 'not-permitted', `${what}: not permitted`)
}

/** An answer that is not ready yet: the client had better ask again after some seconds. */
export class NotReady extends Refusal {
  constructor(
    message: string,
    readonly retryAfter: number,
  ) {
    super(503, 'busy', message)
  }
}
