/** The bundle without a command, for the version and the general help. */
export const NO_COMMAND = 'no-command'

/** The bundle of all commands. */
export const ALL_COMMANDS = 'main'

/** Commands with a bundle of their own, because scripts often call them and wait. */
export const QUICK_COMMANDS: readonly string[] = ['makemetafile', 'completedir', 'showmetainfo']

/** Packages for a Redis, by the files that have them. Few runs load them. */
export const REDIS_PACKAGES: Readonly<Record<string, string>> = {
  bullmq: 'bullmq',
  ioredis: 'ioredis',
}

/**
 * The bundle for a command, given the first argument of the command line. Most of the start time is
 * spent loading compiled code, so small bundles start faster.
 */
export function bundleOf(command: string | undefined): string {
  if (command === undefined || command.startsWith('-')) return NO_COMMAND
  return QUICK_COMMANDS.includes(command) ? command : ALL_COMMANDS
}
