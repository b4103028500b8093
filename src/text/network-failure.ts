/** What codes of failed requests mean. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host can not be looked up now',
  ENOENT: 'there is no such socket',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 10 seconds',
  EACCES: 'permission denied',
}

/** Why a request got no answer, as a person would say it. */
export function describeFailure(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `no answer within ${timeoutMs / 1000} second${timeoutMs === 1000 ? '' : 's'}`
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code = '', message } = cause as NodeJS.ErrnoException
  // Node keeps to the list of ports that browsers don't speak HTTP to
  if (message === 'bad port') return 'that port is one of those that are never spoken HTTP to'
  return REASONS[code] ?? message
}
