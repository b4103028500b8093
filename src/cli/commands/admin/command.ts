import { resolve } from 'node:path'
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import { PasswordHasher } from '../../../tracker/admin/access/password-hash.js'
import {
  changeUsers,
  checkNewPassword,
  checkUserName,
  newUserId,
  readUsers,
  ROLES,
} from '../../../tracker/admin/access/users.js'
import { BtkitError, usageError } from '../../../base/errors.js'
import { statIfThere } from '../../../disk/look/stat-files.js'
import { readNewPassword } from '../../open/ask-secret.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'
import { FILE } from '../../options/option.js'

const EXAMPLES = `
Examples:
  btkit admin passwd alice --admin-users /var/lib/btkit-track/users
  btkit admin list --admin-users /var/lib/btkit-track/users`

export const command: CommandRecord = {
  group: 'Seldom needed',
  order: 10,
  summary: "Manage the users of a tracker's administration",
  example: 'passwd alice --admin-users /var/lib/btkit-track/users',
  define: defineAdmin,
}

function defineAdmin({ io }: CommandContext) {
  return new Command('admin')
    .description("Manage the users of a tracker's administration.")
    .addHelpText('after', EXAMPLES)
    .addCommand(definePasswd(io))
    .addCommand(defineList(io))
    .addCommand(defineRemove(io))
}

function definePasswd(io: Io) {
  return new Command('passwd', { takes: 'text' })
    .description(
      'Add a user, or change a password; it is read from the terminal or standard input.',
    )
    .argument('<name>', 'the name to log in with', userName)
    .opt(
      '--admin-users <file>',
      `write this file. A new one is created with mode 0600. The owner and the mode of an existing
        file are kept.`,
      FILE,
    )
    .opt(
      '--role <role>',
      `give this role (default: the role so far, or admin for a new user). An 'admin' may do
        everything. An 'uploader' adds torrents, and changes only those.`,
      { choices: ROLES },
    )
    .action(async (name, { adminUsers, role }) => {
      const path = usersFile(adminUsers, io)
      // Errors of the file before the user types
      await readUsers(path)
      const hash = await new PasswordHasher().make(checkNewPassword(await readNewPassword(io)))
      let told = ''
      await changeUsers(path, (users) => {
        const before = users.get(name)
        const { id, role: old } = before ?? { id: newUserId(name), role: 'admin' as const }
        const user = { name, id, role: role ?? old, hash, isTemporary: false }
        users.set(name, user)
        told = before ? `changed ${name} (${user.role})` : `added ${name} (${user.role})`
      })
      new Report({}, io).text(told)
    })
}

function defineList(io: Io) {
  return new Command('list')
    .description('List the users with their roles.')
    .opt('--admin-users <file>', 'read this file', FILE)
    .action(async ({ adminUsers }) => {
      const users = await readUsers(existing(usersFile(adminUsers, io)))
      const lines = [...users.values()].map(({ name, role }) => `${name}\t${role}\n`)
      io.stdout.write(lines.join(''))
    })
}

function defineRemove(io: Io) {
  return new Command('remove', { takes: 'text' })
    .description('Remove a user; sessions of the user end.')
    .argument('<name>', 'the name to remove', userName)
    .opt('--admin-users <file>', 'change this file', FILE)
    .action(async (name, { adminUsers }) => {
      const path = existing(usersFile(adminUsers, io))
      await changeUsers(path, (users) => {
        if (users.delete(name)) return
        throw new BtkitError('not-found', `${path}: no user ${name}`)
      })
      new Report({}, io).text(`removed ${name}`)
    })
}

/** @throws BtkitError `usage` without `--admin-users` */
function usersFile(option: string | undefined, { cwd }: Io): string {
  if (option !== undefined) return resolve(cwd, option)
  throw usageError("required option '--admin-users <file>' not specified")
}

/** Returns the path of a file that must be there: only passwd creates it. */
function existing(path: string): string {
  if (statIfThere(path) !== null) return path
  const fix = '"btkit admin passwd" creates it'
  throw new BtkitError('not-found', `${path}: no such file or directory; ${fix}`)
}

function userName(text: string): string {
  try {
    return checkUserName(text)
  } catch (error) {
    if (error instanceof BtkitError) throw new InvalidArgumentError(error.message)
    throw error
  }
}
