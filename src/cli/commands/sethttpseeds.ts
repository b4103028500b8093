import type { CommandContext } from '../context.js'
import { defineSetSeeds } from '../edit-set-seeds.js'

export function defineSethttpseeds(context: CommandContext) {
  return defineSetSeeds('sethttpseeds', 'httpseeds', context)
}
