import type { CommandContext } from '../../context.js'
import { defineSetSeeds } from './command.js'

/** The command `setwebseeds`. */
export function defineSetwebseeds(context: CommandContext) {
  return defineSetSeeds('setwebseeds', 'url-list', context)
}
