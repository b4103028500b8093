import { resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import { TlsFiles } from '../../web/tls/tls-files.js'
import { reportWarning } from '../output/messages.js'
import type { Io } from '../io.js'

/** Bytes of a certificate with those that lead from it, or of a key. */
const MAX_SIZE = 1024 * 1024

export interface TlsOptions {
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

/**
 * What TLS is to be spoken with; null for plain HTTP.
 * @throws BtkitError when only one file is given, or they can't be used
 */
export async function openTls({ tlsCert, tlsKey }: TlsOptions, io: Io): Promise<TlsFiles | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new BtkitError('usage', '--tls-cert and --tls-key: TLS needs both')
  }
  const textOf = async (path: string) => {
    const file = await readRegular(resolve(io.cwd, path), MAX_SIZE, null)
    return Buffer.from(file?.bytes ?? []).toString()
  }
  return TlsFiles.open({
    read: async () => ({ cert: await textOf(tlsCert), key: await textOf(tlsKey) }),
    warn: (message) => {
      reportWarning(message, io)
    },
    now: io.now,
  })
}
