import { isAbsolute, resolve } from 'node:path'
import { parseClientAddress } from '../../seeding/clients/address.js'
import type { DataPrefix } from '../../core/publish/local-data.js'
import { usageError } from '../../base/errors.js'
import { Option } from '@commander-js/extra-typings'
import { repeated } from './values.js'
import { Opt } from './option.js'

export function clientOption() {
  return new Opt('--client <url>', 'use this client (repeatable; default: BTKIT_CLIENT)', {
    isSecret: true,
    variable: 'BTKIT_CLIENT',
  })
    .argParser(clients)
    .default([] as string[])
}

/** Adds the address of a client. Errors do not have the credentials in the text. */
export const clients = repeated((text) => {
  parseClientAddress(text)
  return [text]
})

export function dataPrefixOption() {
  return new Opt(
    '--data-prefix <local=remote>',
    'give the client this path instead of the local one (repeatable)',
    { form: 'map' },
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

const dataPrefixes = repeated((text) => {
  const at = text.indexOf('=')
  const [local, remote] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && isAbsolute(local) && remote.startsWith('/')) {
    return [{ local: resolve(local), remote }]
  }
  throw usageError(`--data-prefix ${text}: must be two absolute directories separated by =`)
})
