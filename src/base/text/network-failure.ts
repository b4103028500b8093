import { count } from './quantity.js'

/** The description of a connection that ended before its answer. */
export const BROKEN_OFF = 'the connection broke off'

/** Descriptions of the error codes of failed requests. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: BROKEN_OFF,
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the host name cannot be looked up now; try again later',
  ENOENT: 'there is no such socket',
  ECONNABORTED: BROKEN_OFF,
  EPIPE: BROKEN_OFF,
  HPE_INVALID_EOF_STATE: BROKEN_OFF,
  ENODATA: 'there is no such host',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this host',
  EADDRNOTAVAIL: 'there is no way to this host',
  ETIMEDOUT: 'no connection in time',
  EPROTO: 'no TLS is spoken there',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  ERR_INVALID_URL: 'http_proxy or https_proxy in the environment is not a URL',
  EACCES: 'permission denied',
}

const OWN_AUTHORITY = '; name the file of an authority of your own in NODE_EXTRA_CA_CERTS'

/** Describes in words why a request got no answer. An error at a proxy has its host as `proxy`. */
export function describeFailure(error: unknown, timeoutMs: number): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { proxy } = cause as { readonly proxy?: string }
  const reason = reasonOf(cause as NodeJS.ErrnoException, timeoutMs)
  return proxy === undefined ? reason : `the proxy ${proxy}: ${reason}`
}

function reasonOf({ code = '', message, name }: NodeJS.ErrnoException, timeoutMs: number): string {
  const reason = REASONS[code]
  if (reason !== undefined) return reason
  if (/TimeoutError$/.test(name)) return `no answer within ${count(timeoutMs / 1000, 'second')}`
  if (code.startsWith('ERR_SSL_')) return 'no TLS is spoken there'
  const own = /SELF_SIGNED|UNABLE_TO/.test(code) ? OWN_AUTHORITY : ''
  if (/CERT|SIGNATURE/.test(code)) return `the certificate is refused: ${message}${own}`
  return message || code
}
