import { getSystemErrorMap } from 'node:util'

/** The codes of all errors that btkit raises. */
export type ErrorCode =
  | 'usage' // the command line asks for something impossible
  | 'not-found' // a named file or directory does not exist
  | 'not-permitted' // the system refuses access
  | 'io' // the system reports any other failure
  | 'bencode' // bytes that are not well-formed bencode
  | 'metainfo' // bencode that is not valid metainfo
  | 'unsafe-path' // a path that would leave its directory
  | 'bad-name' // a file name that metainfo cannot represent
  | 'too-large' // more bytes than the limit allows
  | 'too-many' // more files than one request may have
  | 'incompatible' // files that cannot be in the same torrent
  | 'empty' // nothing to make a torrent from, or to check
  | 'changed' // a file that changed while it was read
  | 'exists' // an output that must not be replaced
  | 'kernel' // a hash kernel that this machine lacks
  | 'locked' // another run holds the lock
  | 'busy' // too much work for the time available
  | 'throttled' // a client exceeded its rate limit
  | 'client' // a torrent client refuses, or its answer is invalid
  | 'unreachable' // a torrent client does not answer or refuses the login: all calls will fail
  | 'stalled' // a client sends too slowly
  | 'interrupted' // a signal asked to stop

/**
 * The one error that btkit raises on purpose. The message is a single line of the form
 * `<what>: <why>` that a person can act on; `code` is for programs.
 */
export class BtkitError extends Error {
  override readonly name = 'BtkitError'
  /** The option, or the field of a form, whose value is wrong; undefined if none is. */
  declare field?: string | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  /** Says which option or field is wrong, unless that is known already. Returns the same error. */
  in(field: string | undefined): this {
    if (field !== undefined) this.field ??= field
    return this
  }

  /** Returns the same error with `what: ` (a file, an argument) in front of its message. */
  of(what: string): BtkitError {
    return named(what, this)
  }
}

// Outside the class: if its body names it, esbuild calls it _BtkitError, and so does Node when it
// prints one
function named(what: string, error: BtkitError): BtkitError {
  return new BtkitError(error.code, `${what}: ${error.message}`, { cause: error }).in(error.field)
}

/** An error of the code `usage`. */
export function usageError(reason: string, options?: ErrorOptions): BtkitError {
  return new BtkitError('usage', reason, options)
}

/** Returns the result of `act`. If that throws a BtkitError, its message gets `what: ` in front. */
export function nameErrors<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw error instanceof BtkitError ? error.of(what) : error
  }
}

/**
 * Returns the result of `act`. A BtkitError of it is about this field, unless it names another one.
 */
export function inField<T>(field: string, act: () => T): T {
  const mark = (error: unknown): never => {
    throw error instanceof BtkitError ? error.in(field) : error
  }
  try {
    const result = act()
    return result instanceof Promise ? (result.catch(mark) as T) : result
  } catch (error) {
    return mark(error)
  }
}

/** Returns the result of `act`, or `otherwise` if that throws a BtkitError. */
export function valueOr<T, Otherwise>(otherwise: Otherwise, act: () => T): T | Otherwise {
  try {
    return act()
  } catch (error) {
    if (error instanceof BtkitError) return otherwise
    throw error
  }
}

/** Does the same with a promise, or only for an error of this code. */
export async function awaitOr<T, Otherwise>(
  otherwise: Otherwise,
  result: Promise<T>,
  code?: ErrorCode,
): Promise<T | Otherwise> {
  const failure = await failureOf(() => result)
  if (failure === null) return result
  if (failure.code === (code ?? failure.code)) return otherwise
  throw failure
}

/** Returns the BtkitError that `act` throws; null if it throws none. */
export async function failureOf(act: () => unknown): Promise<BtkitError | null> {
  try {
    await act()
    return null
  } catch (error) {
    if (error instanceof BtkitError) return error
    throw error
  }
}

/**
 * Returns the result of `act`. If it fails, closes what was opened before, and throws the error.
 */
export function orClose<T>(close: () => unknown, act: () => T): T {
  let result: T
  try {
    result = act()
  } catch (error) {
    close()
    throw error
  }
  if (!(result instanceof Promise)) return result
  return result.catch(async (error: unknown) => {
    await close()
    throw error
  }) as T
}

/**
 * Returns the result of `act`, or `otherwise` if that throws anything: it is not worth a reason.
 */
export function tryOr<T, Otherwise>(otherwise: Otherwise, act: () => T): T | Otherwise {
  try {
    return act()
  } catch {
    return otherwise
  }
}

/**
 * Throws if a signal has aborted.
 * @throws BtkitError `interrupted`
 */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return
  throw new BtkitError('interrupted', 'interrupted', { cause: signal.reason })
}

/** The same as Node's own type, which programs for browsers do not have. */
type OsError = Error & { readonly code?: string | undefined; readonly errno?: number | undefined }

/** Describes a system error in words: `no such file or directory`, not `ENOENT: …, open '…'`. */
export function describeOsError(error: OsError): string {
  // The system calls this an illegal operation
  if (error.code === 'EISDIR') return 'is a directory'
  const { errno } = error
  return errno !== undefined && systemErrors().has(errno) ? describeErrno(errno) : error.message
}

/** Kept, because Node recreates the map at each call, which takes 15 microseconds. */
let errorMap: ReturnType<typeof getSystemErrorMap> | undefined

function systemErrors(): ReturnType<typeof getSystemErrorMap> {
  return (errorMap ??= getSystemErrorMap())
}

/** Describes a system error number, negative as in Node, in the system's words. */
export function describeErrno(errno: number): string {
  return systemErrors().get(errno)?.[1] ?? `system error ${errno}`
}

/**
 * Turns a failed system call on `what` (usually a path) into a BtkitError. Returns every other
 * error unchanged, because it is probably a bug in btkit.
 */
export function asBtkitError(error: unknown, what: string): unknown {
  // Node does not pass such a path to the system
  if (error instanceof TypeError && what.includes('\0'))
    return usageError(`${what}: has a null byte`, { cause: error })
  if (!isOsError(error)) return error
  const code = OS_ERROR_CODES[error.code ?? ''] ?? 'io'
  // Node replaces bytes that are not valid UTF-8 by U+FFFD, and then looks for a different name
  const isMangled = error.code === 'ENOENT' && what.includes('\ufffd')
  const reason = `${describeOsError(error)}${isMangled ? MAYBE_MANGLED : ''}`
  return new BtkitError(code, `${what === '' ? "''" : what}: ${reason}`, { cause: error })
}

/** Returns the result of `act`. If a system call in it fails, throws as asBtkitError says. */
export function callSystem<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw asBtkitError(error, what)
  }
}

/** Does the same with a call that does not wait for the system. */
export async function awaitSystem<T>(what: string, result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    throw asBtkitError(error, what)
  }
}

const MAYBE_MANGLED = ', or the name is not valid UTF-8'

const OS_ERROR_CODES: Record<string, ErrorCode> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EACCES: 'not-permitted',
  EPERM: 'not-permitted',
}

/** Creates an error like Node's for a failed system call; `errno` is negative. */
export function systemError(errno: number, syscall: string, path = ''): Error {
  const code = systemErrors().get(errno)?.[0] ?? `Unknown system error ${errno}`
  const details = { code, errno, syscall, path }
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), details)
}

function isOsError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof BtkitError) && 'syscall' in error
}

/** The system's code for an error, such as ENOENT; undefined for all other errors. */
export function osCodeOf(error: unknown): string | undefined {
  return isOsError(error) ? error.code : undefined
}
