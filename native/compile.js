// Compiles the accelerator: for this machine when btkit is built, and for others when it is
// released. It calls the C compiler directly. node-gyp would need Python, make and a download of
// Node's headers; the Node-API headers are an ordinary package.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const directories = [here, ...['kernels', 'stream', 'jobs'].map((name) => join(here, name))]

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

/** The reason why the accelerator could not be built. */
export class NotBuilt extends Error {}

/** Returns all C files with this ending: `.c` or `.h`. */
export function sourcesIn(ext) {
  return directories.flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => name.endsWith(ext))
      .map((name) => join(directory, name)),
  )
}

function headerDir() {
  try {
    const entry = createRequire(import.meta.url).resolve('node-api-headers')
    return join(dirname(entry), 'include')
  } catch {
    throw new NotBuilt('the package node-api-headers is missing')
  }
}

/**
 * Builds the accelerator into the file `target` with a compiler command, and adds `flags` to the
 * usual ones. Throws NotBuilt.
 */
export function compile(target, command, flags = []) {
  const [compiler, ...leading] = command.split(/\s+/)
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
    ...flags,
    '-o',
    target,
    ...sourcesIn('.c'),
  ]
  const run = spawnSync(compiler, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (run.error?.code === 'ENOENT') throw new NotBuilt(`there is no C compiler '${compiler}'`)
  if (run.error !== undefined) throw new NotBuilt(`'${compiler}' could not be run`)
  if (run.status !== 0) throw new NotBuilt(`'${compiler}' failed`, { cause: run.stderr })
}

/** Runs every kernel of the accelerator, by a command that starts Node. Throws NotBuilt. */
export function checkAddon(target, node = [process.execPath]) {
  const [command, ...args] = node
  const run = spawnSync(command, [...args, '-e', smokeTest, target], { stdio: 'ignore' })
  if (run.status !== 0) throw new NotBuilt('the result failed its self-test')
}
