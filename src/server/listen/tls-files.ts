import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { BtkitError } from '../../errors.js'
import { TlsKeys, type TlsPair } from './tls-keys.js'
import type { ServerContext } from '../context.js'

export interface TlsFilesParts extends Pick<ServerContext, 'warn' | 'now'> {
  /** Reads the certificate and its key. */
  readonly read: () => Promise<TlsPair>
}

/** A certificate and its key from files, which may be renewed there. */
export class TlsFiles {
  private constructor(
    readonly keys: TlsKeys,
    private readonly parts: TlsFilesParts,
  ) {}

  /** @throws BtkitError if the files cannot be read, or do not belong together */
  static async open(parts: TlsFilesParts): Promise<TlsFiles> {
    const pair = await parts.read()
    checkPair(pair)
    warnOfAge(pair, parts)
    return new TlsFiles(new TlsKeys(pair), parts)
  }

  /** Reads the files again; if the new pair is invalid, the old one stays in use. */
  async reload(): Promise<void> {
    try {
      const pair = await this.parts.read()
      checkPair(pair)
      this.keys.replace(pair)
      warnOfAge(pair, this.parts)
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      this.parts.warn(`${error.message}; the old certificate stays in use`)
    }
  }
}

/** @throws BtkitError if a server could not use the pair */
function checkPair(pair: TlsPair): void {
  try {
    createSecureContext(pair)
    new X509Certificate(pair.cert)
  } catch (error) {
    // For example error:05800074:x509 certificate routines::key values mismatch
    const reason = (error as Error).message.split(':').at(-1) ?? ''
    throw new BtkitError('usage', `not a certificate and its key: ${reason}`)
  }
}

function warnOfAge({ cert }: TlsPair, { warn, now }: TlsFilesParts): void {
  const { validTo, subject } = new X509Certificate(cert)
  if (Date.parse(validTo) >= now()) return
  warn(`the certificate of ${subject.replaceAll('\n', ', ')} expired on ${validTo}; renew it`)
}
