import { readFileSync } from 'node:fs'
import { BtkitError } from '../../errors.js'
import type { Owner } from './draft.js'

/** The highest number that stands for a user; the next means "leave it". */
const MAX_ID = 0xfffffffe

/**
 * Reads `USER:GROUP`, names or numbers. Names are those of /etc/passwd and /etc/group.
 * @throws BtkitError `usage`
 */
export function findOwner(text: string): Owner {
  const match = /^([^:\s]+):([^:\s]+)$/.exec(text)
  const [, user = '', group = ''] = match ?? []
  if (!match) throw new BtkitError('usage', `owner '${text}': not of the form USER:GROUP`)
  return { uid: findId(user, '/etc/passwd', 'user'), gid: findId(group, '/etc/group', 'group') }
}

function findId(name: string, database: string, what: string): number {
  if (/^\d{1,10}$/.test(name) && Number(name) <= MAX_ID) return Number(name)
  const entry = readDatabase(database).find((line) => line.startsWith(`${name}:`))
  const id = entry?.split(':')[2]
  if (id === undefined) throw new BtkitError('usage', `owner: no ${what} ${name}`)
  return Number(id)
}

function readDatabase(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
