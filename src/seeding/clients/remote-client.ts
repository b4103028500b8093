import type { ClientAddress } from './address.js'
import {
  badAnswer,
  callHttp,
  parseAnswer,
  type HttpCallOptions,
  type HttpAnswer,
  type HttpCall,
} from './http-call.js'
import type { ClientTorrent } from '../../core/publish/client.js'
import { awaitOr, BtkitError, nameErrors, valueOr } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { clipText, escapeText, quoteText } from '../../base/text/escape.js'

/** Matches names for which libtorrent looks under other names on disk. */
export const CHANGED_BY_LIBTORRENT = /[\\\0-\x1f\x7f]/

/** The most characters of an answer that an error repeats. */
const MOST_WORDS = 200

const KINDS = { v1: 'torrent', v2: 'torrent of version 2', hybrid: 'hybrid' } as const

/** Base class of all client drivers, with the address and the request options. */
export abstract class RemoteClient {
  /** Cookies by name: that of the client's session, and those of proxies in front of it. */
  readonly #cookies = new Map<string, string>()
  #hasProbed = false

  constructor(
    protected readonly address: ClientAddress,
    protected readonly options: HttpCallOptions,
  ) {}

  get label(): string {
    return this.address.label
  }

  abstract version(): Promise<string>

  /** Sends a request to the client's address, a POST if it has a body; see callHttp. */
  protected async http(call: Omit<HttpCall, 'url'>, url = this.address.url): Promise<HttpAnswer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...call.headers, ...(cookie === '' ? {} : { Cookie: cookie }) }
    const answer = await callHttp({ url, ...call, headers }, this.options)
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
      if (name !== undefined && value !== undefined) this.#cookies.set(name.trim(), value.trim())
    }
    const other = await this.#otherClient(answer)
    if (other !== null) {
      const address = this.label.replace(/^\w+/, other.toLowerCase())
      throw this.refused(`${other} answers here; use ${address}`)
    }
    const location = answer.headers.get('Location')
    const isRedirect = answer.status >= 300 && answer.status < 400
    if (isRedirect && location !== null) throw this.#redirect(url, location)
    return answer
  }

  /** The name of another client whose answer this is; null if none is known. */
  async #otherClient({ status, headers }: HttpAnswer): Promise<string | null> {
    const { kind, url } = this.address
    if (headers.get('Server') === 'Transmission')
      return kind === 'transmission' ? null : 'Transmission'
    const mayBe = kind !== 'qbittorrent' && (status === 400 || status === 404)
    if (!mayBe || this.#hasProbed) return null
    this.#hasProbed = true
    const asked = callHttp({ url: new URL('/api/v2/app/version', url).href }, this.options)
    const probe = await awaitOr(null, asked)
    const isFound = probe && (probe.status === 403 ? /^Forbidden$/ : /^v\d+\.\d/).test(probe.text)
    return isFound ? 'qBittorrent' : null
  }

  /** The error for a redirect, with the address that it leads to, but without its query. */
  #redirect(url: string, location: string): BtkitError {
    const target = URL.canParse(location, url) ? new URL(location, url) : null
    if (!target) return this.refused(`answers with a redirect to ${quoteText(location)}`)
    const { protocol, hostname, port, pathname } = target
    const method = url.slice(this.address.url.length)
    const path = this.apiPath(
      pathname.endsWith(method) ? pathname.slice(0, -method.length || undefined) : pathname,
    )
    const scheme = protocol.slice(0, -1)
    const host = `${hostname}:${port || (scheme === 'https' ? 443 : 80)}`
    const address = `${this.address.kind}+${scheme}://${host}${path}`
    return this.refused(`answers with a redirect; if the client is there, use ${address}`)
  }

  /** The path of the remote control, if a redirect leads to this one. */
  protected apiPath(path: string): string {
    return path
  }

  /** Parses an answer as JSON; undefined if it is invalid. */
  protected parse(answer: HttpAnswer): unknown {
    return parseAnswer(answer, this.label)
  }

  /**
   * Reads the torrents of a list, and leaves out any that `read` does not accept, such as one
   * without an info hash.
   * @throws BtkitError `client` if it accepts none of them
   */
  protected torrentsOf<T, Torrent = ClientTorrent>(
    rows: readonly T[],
    read: (row: T) => Torrent,
  ): Torrent[] {
    const torrents = rows.map((row) => valueOr(null, () => read(row)))
    const known = torrents.filter((torrent) => torrent !== null)
    const [first] = rows
    if (known.length === 0 && first !== undefined) nameErrors(this.label, () => read(first))
    return known
  }

  /** The header for HTTP's Basic authentication; empty without credentials. */
  protected basicAuth(): Readonly<Record<string, string>> {
    const { user, password } = this.address
    if (user + password === '') return {}
    const credentials = Buffer.from(`${user}:${password}`).toString('base64')
    return { Authorization: `Basic ${credentials}` }
  }

  /** The error for something that the client refuses or cannot do. */
  protected failure(why: string): BtkitError {
    return new BtkitError('client', `${this.label}: ${why}`)
  }

  /** The error for an invalid answer. */
  protected badAnswer(why: string): BtkitError {
    return badAnswer(this.label, why)
  }

  /** The error for an answer with an unexpected status, with the words of the answer. */
  protected badStatus({ status, text }: HttpAnswer): BtkitError {
    if (status === 401) return this.refusedLogin()
    if (status === 413) {
      const why = 'the request is too large for the server in front of it; with nginx, raise'
      return this.failure(`HTTP status 413: ${why} client_max_body_size`)
    }
    const words = clipText(text, MOST_WORDS)
      .replace(/<[^>]*>|\s+/g, ' ')
      .trim()
    return this.badAnswer(`HTTP status ${status}${words && `: ${escapeText(words)}`}`)
  }

  /** The error for a client that refuses the user name and password, or requires them. */
  protected refusedLogin(): BtkitError {
    const { user, password, netrc } = this.address
    if (user + password === '') return this.lacksLogin()
    const source = netrc ? ` of ${netrc.path}` : ''
    return this.refused(`does not take this user name and password${source}`)
  }

  /**
   * The error for a client that requires credentials that are not known, with where they can be
   * put.
   */
  protected lacksLogin(): BtkitError {
    const { user, netrc } = this.address
    // Beside a user in the address, no file counts
    if (user !== '') return this.refused('wants a password, too; put it behind the user')
    const known = netrc?.isThere
      ? ` (${netrc.path} was read, and has none for ${this.hostname})`
      : ''
    const file = netrc?.path ?? 'a netrc file'
    return this.refused(
      `wants a user name or password${known}; put them into its address or ${file}`,
    )
  }

  /** The error for a client that refuses every request, so that no further one is sent. */
  protected refused(why: string): BtkitError {
    return new BtkitError('unreachable', `${this.label}: ${why}`)
  }

  /** The error for a torrent whose request is above a limit that a setting of the client raises. */
  protected tooLarge(size: number, limit: number, setting: string): BtkitError {
    const why = `its ${setting} is ${limit} bytes, and this torrent takes ${size}`
    return new BtkitError('too-large', `${this.label}: ${why}`)
  }

  /** The host of the address, as in `Host` but without the port. */
  protected get hostname(): string {
    return new URL(this.address.url).hostname
  }

  /**
   * The error for a torrent that the client cannot open, with its version and the kind of torrent.
   * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
   */
  protected async unopened(
    { version }: Pick<Metainfo, 'version'>,
    why: string,
  ): Promise<BtkitError> {
    return this.failure(`${await this.version()} can't open this ${KINDS[version]}: ${why}`)
  }
}

/** Whether a version such as `0.9.8` comes before another, by its first two numbers. */
export function isBefore(version: string, [sinceMajor, sinceMinor]: readonly [number, number]) {
  const [major = 0, minor = 0] = (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number)
  return major < sinceMajor || (major === sinceMajor && minor < sinceMinor)
}
