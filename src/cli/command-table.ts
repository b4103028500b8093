import { type CommandEntry, commandTable } from './command-list.js'

export { type CommandEntry, commandTable }

/** Finds a command by its name or another spelling. */
export function findCommand(name = ''): CommandEntry | undefined {
  return commandTable.find((entry) => entry.name === name || entry.spellings?.includes(name))
}
