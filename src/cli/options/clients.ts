import { isAbsolute, resolve } from 'node:path'
import { parseClientAddress } from '../../seeding/clients/address.js'
import { usageError } from '../../base/errors.js'
import { repeated } from './values.js'
import { option } from './option.js'

/** Adds the address of a client. Errors do not have the credentials in the text. */
export const clients = repeated((text) => {
  parseClientAddress(text)
  return [text]
})

const dataPrefixes = repeated((text) => {
  const at = text.indexOf('=')
  const [local, remote] = [text.slice(0, at), text.slice(at + 1)]
  if (at > 0 && isAbsolute(local) && remote.startsWith('/')) {
    return [{ local: resolve(local), remote }]
  }
  throw usageError(`--data-prefix ${text}: must be two absolute directories separated by =`)
})

export const CLIENT = option(
  '--client <url>',
  'use this client (repeatable; default: BTKIT_CLIENT); see btkit-clients(7)',
  { isSecret: true, variable: 'BTKIT_CLIENT', ...clients },
)

export const DATA_PREFIX = option(
  '--data-prefix <local=remote>',
  `give the client this path instead of the local one (repeatable). Data that is in the directory
    <local> here is in <remote> there. The longest match counts.`,
  { form: 'map', ...dataPrefixes },
)

export const TRUST_DATA_PATH = option(
  '--trust-data-path',
  `assume that the client finds the data, if it cannot report that, as an rtorrent that may
    run no commands. If that is wrong, it downloads over existing files.`,
)
