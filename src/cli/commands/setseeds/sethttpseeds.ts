import type { CommandContext } from '../../context.js'
import { defineSetSeeds } from './command.js'

export function defineSethttpseeds(context: CommandContext) {
  return defineSetSeeds('sethttpseeds', 'httpseeds', context)
}
