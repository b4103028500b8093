import { isAbsolute, resolve } from 'node:path'
import { Option } from '@commander-js/extra-typings'
import { parseClientAddress } from '../../clients/address.js'
import type { DataPrefix } from '../../core/publish/local-data.js'
import { BtkitError } from '../../errors.js'
import { collect, seconds } from './values.js'

export function clientOption() {
  return new Option('--client <url>', 'use this client (repeatable; default: BTKIT_CLIENT)')
    .argParser(clients)
    .default([] as string[])
}

/**
 * Adds the address of a client.
 * @throws BtkitError `usage`, without the credentials in the text
 */
export function clients(text: string, previous: string[]): string[] {
  parseClientAddress(text)
  return collect(text, previous)
}

export function dataPrefixOption() {
  return new Option(
    '--data-prefix <local=remote>',
    'replace the first directory by the second for the client (repeatable)',
  )
    .argParser(dataPrefixes)
    .default([] as DataPrefix[])
}

export function trustDataPathOption() {
  return new Option(
    '--trust-data-path',
    'assume that the client finds the data, if it cannot report that (aria2)',
  )
}

/** The option `--client-timeout`, in milliseconds. */
export function clientTimeoutOption() {
  return new Option('--client-timeout <seconds>', 'wait this long for an answer')
    .argParser(seconds)
    .default(30_000, '30')
}

function dataPrefixes(text: string, previous: DataPrefix[]): DataPrefix[] {
  const at = text.indexOf('=')
  const [local, remote] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && isAbsolute(local) && remote.startsWith('/')) {
    return [...previous, { local: resolve(local), remote }]
  }
  throw new BtkitError(
    'usage',
    `--data-prefix ${text}: must be two absolute directories separated by =`,
  )
}
