import { commandTable } from '../../src/cli/command-list.js'

/** All commands with their options. None is run: they are only looked at. */
export function allCommands() {
  const context = {
    io: undefined as never,
    program: 'btkit',
    isLegacy: false,
    commands: () => Promise.resolve([]),
    reloadConfiguration: () => Promise.resolve([]),
    configFile: () => undefined,
    checkTogether: () => undefined,
    typed: () => [],
    openJobs: () => Promise.reject(new Error('no command is run')),
    finish: () => undefined,
  }
  return Promise.all(commandTable.map(async ({ load }) => (await load())(context)))
}
