import { getSystemErrorMap } from 'node:util'

/** Everything that can go wrong, by name. */
export type ErrorCode =
  | 'usage' // the command line asks for something impossible
  | 'not-found' // a file or directory that was named is not there
  | 'not-permitted' // the system refuses access
  | 'io' // the system reports any other failure
  | 'bencode' // bytes that are not well-formed bencode
  | 'metainfo' // bencode that is no valid metainfo
  | 'unsafe-path' // a path that would lead out of where it belongs
  | 'bad-name' // a file name that metainfo can't hold
  | 'too-large' // more bytes than the limit allows
  | 'too-many' // more files than one request may come to
  | 'incompatible' // files that one torrent can't hold together
  | 'empty' // nothing to make a torrent of, or to check
  | 'changed' // a file that changed while it was read
  | 'exists' // an output that must not be replaced
  | 'kernel' // a hash kernel that this machine lacks
  | 'locked' // another run holds the lock
  | 'busy' // more work than can be done in the time there is
  | 'throttled' // more than one client of the service may ask for
  | 'client' // a program that seeds refuses, or its answer makes no sense
  | 'unreachable' // a program that seeds does not answer, or refuses the login: all calls will fail
  | 'stalled' // nothing came of a download for as long as it may take
  | 'interrupted' // a signal asked to stop

/**
 * The one error that btkit raises on purpose. The message is a single line of the form
 * `<what>: <why>` that a person can act on; `code` is for programs.
 */
export class BtkitError extends Error {
  override readonly name = 'BtkitError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  /** The same error, said of `what` (a file, an argument): its message gets `what: ` in front. */
  of(what: string): BtkitError {
    return new BtkitError(this.code, `${what}: ${this.message}`, { cause: this })
  }
}

/** Says a system error in words: `no such file or directory` rather than `ENOENT: …, open '…'`. */
export function describeOsError(error: NodeJS.ErrnoException): string {
  // The system's own words are those of an illegal operation
  if (error.code === 'EISDIR') return 'is a directory'
  const { errno } = error
  return errno !== undefined && getSystemErrorMap().has(errno)
    ? describeErrno(errno)
    : error.message
}

/** The system's words for an error number, which is negative as Node has it. */
export function describeErrno(errno: number): string {
  return getSystemErrorMap().get(errno)?.[1] ?? `system error ${errno}`
}

/**
 * Turns a failed system call on `what` (usually a path) into a BtkitError. Anything that is no
 * system error, a bug of ours above all, comes back as it is.
 */
export function asBtkitError(error: unknown, what: string): unknown {
  if (!isOsError(error)) return error
  const code = OS_ERROR_CODES[error.code ?? ''] ?? 'io'
  // Node puts U+FFFD in the place of bytes that are no UTF-8, and then looks for another name
  const isMangled = error.code === 'ENOENT' && what.includes('\ufffd')
  const reason = `${describeOsError(error)}${isMangled ? MAYBE_MANGLED : ''}`
  return new BtkitError(code, `${what === '' ? "''" : what}: ${reason}`, { cause: error })
}

const MAYBE_MANGLED = ', or the name is not valid UTF-8'

const OS_ERROR_CODES: Record<string, ErrorCode> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EACCES: 'not-permitted',
  EPERM: 'not-permitted',
}

function isOsError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof BtkitError) && 'syscall' in error
}

/** The system's name for what went wrong, such as ENOENT; undefined for any other error. */
export function osCodeOf(error: unknown): string | undefined {
  return isOsError(error) ? error.code : undefined
}
