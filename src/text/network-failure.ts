/** Descriptions of the error codes of failed requests. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host name cannot be looked up now; try again later',
  ENOENT: 'there is no such socket',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 10 seconds',
  EACCES: 'permission denied',
}

/** Describes in words why a request got no answer. */
export function describeFailure(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `no answer within ${timeoutMs / 1000} second${timeoutMs === 1000 ? '' : 's'}`
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code = '', message } = cause as NodeJS.ErrnoException
  // Node refuses the ports that browsers block for HTTP
  if (message === 'bad port') return 'this port is blocked for HTTP; choose another'
  return REASONS[code] ?? message
}
