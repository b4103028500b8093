import type { CommandContext } from '../../context.js'
import { defineSetSeeds } from './command.js'

/** The command `sethttpseeds`. */
export function defineSethttpseeds(context: CommandContext) {
  return defineSetSeeds('sethttpseeds', 'httpseeds', context)
}
