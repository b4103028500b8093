// Builds the optional native hash accelerator; npm's install script runs it.
//
// One call of the C compiler, and not node-gyp: that would need Python, make and
// a download of Node's headers, and the Node-API headers are an ordinary package.
// Nothing here may fail an installation: without the addon, node:crypto hashes.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const buildDir = join(here, 'build')
const output = join(buildDir, 'piece_hash.node')

// The smoke test: 33 pieces of 'abc', enough to run every kernel with all its
// lanes, against the digest of FIPS 180's own example.
const smokeTest = `
  const addon = require(process.argv[1])
  const expected = {
    sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  }
  for (const [kernel, runs] of Object.entries(addon.features())) {
    if (!runs) continue
    for (const [algorithm, digest] of Object.entries(expected)) {
      const out = Buffer.alloc(33 * digest.length / 2)
      addon.hash(kernel, algorithm, Buffer.from('abc'.repeat(33)), 3, 33, out)
      if (out.toString('hex') !== digest.repeat(33)) process.exit(1)
    }
  }
`

class NotBuilt extends Error {}

function sourcesIn(dir, ext) {
  return readdirSync(dir)
    .filter((name) => name.endsWith(ext))
    .map((name) => join(dir, name))
}

function isUpToDate(inputs) {
  const built = statSync(output, { throwIfNoEntry: false })
  return built !== undefined && inputs.every((input) => statSync(input).mtimeMs <= built.mtimeMs)
}

function headerDir() {
  try {
    const entry = createRequire(import.meta.url).resolve('node-api-headers')
    return join(dirname(entry), 'include')
  } catch {
    throw new NotBuilt('the package node-api-headers is missing')
  }
}

function compile(sources, target) {
  // $CC may carry arguments, as in CC='ccache gcc'.
  const [compiler, ...leading] = (process.env.CC?.trim() || 'cc').split(/\s+/)
  const shared =
    process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']
  const args = [
    ...leading,
    '-O3',
    '-std=c11',
    '-fPIC',
    '-pthread',
    ...shared,
    '-fvisibility=hidden',
    '-Wall',
    '-Wextra',
    '-I',
    headerDir(),
    '-o',
    target,
    ...sources,
  ]
  const run = spawnSync(compiler, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  if (run.error?.code === 'ENOENT') throw new NotBuilt(`there is no C compiler '${compiler}'`)
  if (run.error !== undefined) throw new NotBuilt(`'${compiler}' could not be run`)
  if (run.status !== 0) throw new NotBuilt(`'${compiler}' failed`)
}

function check(target) {
  const run = spawnSync(process.execPath, ['-e', smokeTest, target], { stdio: 'ignore' })
  if (run.status !== 0) throw new NotBuilt('the result failed its self-test')
}

function build() {
  if (process.env.BTKIT_NO_NATIVE === '1') throw new NotBuilt('BTKIT_NO_NATIVE is set')
  if (process.platform === 'win32') throw new NotBuilt('not supported on Windows')

  const directories = [here, ...['kernels', 'stream', 'jobs'].map((name) => join(here, name))]
  const sources = directories.flatMap((directory) => sourcesIn(directory, '.c'))
  const headers = directories.flatMap((directory) => sourcesIn(directory, '.h'))
  if (isUpToDate([...sources, ...headers, fileURLToPath(import.meta.url)])) return

  // Built and tested under a name of its own, so that a process that loads the
  // addon meanwhile finds the old one or the new one, and never half of one.
  const temporary = join(buildDir, `piece_hash-${process.pid}.node`)
  try {
    mkdirSync(buildDir, { recursive: true })
    compile(sources, temporary)
    check(temporary)
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
