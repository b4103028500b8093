/** The bundle of no command, for the version and the general help. */
export const NO_COMMAND = 'no-command'

/** The bundle of all commands. */
export const ALL_COMMANDS = 'main'

/** Commands that have a bundle of their own: scripts call them often, and wait for them. */
export const QUICK_COMMANDS: readonly string[] = ['makemetafile', 'completedir', 'showmetainfo']

/**
 * The bundle that has a command, by its name or what is in its place on the command line. Most of a
 * start goes by while V8 takes up compiled code, so the less of it there is the better.
 */
export function bundleOf(command: string | undefined): string {
  if (command === undefined || command.startsWith('-')) return NO_COMMAND
  return QUICK_COMMANDS.includes(command) ? command : ALL_COMMANDS
}
