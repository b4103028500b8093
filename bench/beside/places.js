// What a row has to work with: the builds, each with a cache of its own, directories that go with
// the row, and data that the rows beside it use, too.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeScratch, removeScratch, run } from '../support.js'

/** The data of the last rows. Only one lot is kept, because it may be large. */
let shared = {}

export class Places {
  /** A directory that goes with the row. */
  scratch = makeScratch({ inMemory: false })

  /** `programs` has a path for `now`, and one for `before` if builds are compared. */
  constructor(programs, isQuick) {
    this.programs = programs
    this.isQuick = isQuick
    this.builds = Object.keys(programs)
  }

  /** The command of a build. */
  command(who, args) {
    return [process.execPath, this.programs[who], ...args]
  }

  /** The environment of a build: a cache and a state of its own. */
  envOf(who) {
    const [BTKIT_CACHE_DIR, BTKIT_STATE_DIR] = ['cache', 'state'].map((what) =>
      join(this.scratch, `${who}-${what}`),
    )
    return { BTKIT_CACHE_DIR, BTKIT_STATE_DIR }
  }

  /** Runs a build, and returns what it took. */
  run(who, args, env = {}) {
    return run(this.command(who, args), { env: { ...this.envOf(who), ...env } })
  }

  /** A directory below the row's. */
  at(name) {
    const path = join(this.scratch, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  /**
   * The directory of data that has this name, planted by the first row of a run that asks for it.
   * Rows that share data stand side by side in the list. `before` and `now` may keep files there.
   */
  async shared(name, plant, { inMemory = true } = {}) {
    if (shared.name !== name) {
      if (shared.directory !== undefined) removeScratch(shared.directory)
      shared = { directory: makeScratch({ inMemory }) }
      await plant(shared.directory)
      await settle()
      shared.name = name
    }
    return shared.directory
  }

  end() {
    removeScratch(this.scratch)
  }
}

/** Files that were written just now are not remembered, and torrents not relied on. */
export async function settle() {
  spawnSync('sync')
  await setTimeout(2100)
}
