// Builds the optional native hash accelerator for this machine, in a checkout. A failure here must
// not fail a build: without the addon, node:crypto hashes.

import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkAddon, compile, NotBuilt, sourcesIn } from './compile.js'

const here = dirname(fileURLToPath(import.meta.url))
const buildDir = join(here, 'build')
const output = join(buildDir, 'piece_hash.node')

function isUpToDate() {
  const built = statSync(output, { throwIfNoEntry: false })
  const scripts = ['build.js', 'compile.js'].map((name) => join(here, name))
  const inputs = [...sourcesIn('.c'), ...sourcesIn('.h'), ...scripts]
  return built !== undefined && inputs.every((input) => statSync(input).mtimeMs <= built.mtimeMs)
}

function build() {
  if (process.env.BTKIT_NO_NATIVE === '1') throw new NotBuilt('BTKIT_NO_NATIVE is set')
  if (process.platform === 'win32') throw new NotBuilt('not supported on Windows')
  if (isUpToDate()) return

  // Built and tested under a temporary name. A process that loads the addon meanwhile finds the old
  // file or the new one, never a part.
  const temporary = join(buildDir, `piece_hash-${process.pid}.node`)
  try {
    mkdirSync(buildDir, { recursive: true })
    // $CC may carry arguments, as in CC='ccache gcc'.
    compile(temporary, process.env.CC?.trim() || 'cc')
    checkAddon(temporary)
    renameSync(temporary, output)
  } catch (error) {
    rmSync(output, { force: true }) // older than its sources
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

try {
  build()
} catch (error) {
  const reason = error instanceof NotBuilt ? error.message : (error.code ?? error.name)
  console.error(
    `btkit: the native hash accelerator was not built (${reason}); hashing runs on node:crypto`,
  )
}
