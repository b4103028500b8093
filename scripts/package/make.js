// Makes packages of btkit: tarballs for npm, archives with Node, or packages for Debian. It builds
// btkit first.
//
//   node scripts/package/make.js npm|portable|deb [--own] [DIRECTORY]
//
// leaves them in DIRECTORY, by default packages/, and prints their paths. --own makes those of this
// machine only, for which no compiler for another processor is needed.
import { parseArgs } from 'node:util'
import { packForDebian } from '../../packaging/debian/build.js'
import { PLATFORMS } from './accelerators.js'
import { lackOf } from './lack.js'
import { packForNpm } from './npm.js'
import { packPortable } from './portable.js'
import { run } from './program.js'

const KINDS = { npm: packForNpm, portable: packPortable, deb: packForDebian }

const { values, positionals } = parseArgs({
  options: { own: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [kind, directory = 'packages'] = positionals
const own = PLATFORMS.filter(({ cpu }) => cpu === process.arch)
const platforms = values.own ? own : PLATFORMS
const isKnown = kind in KINDS && positionals.length <= 2
const lack = isKnown ? lackOf(kind, platforms) : `usage: make.js ${Object.keys(KINDS).join('|')}`
if (lack !== null) {
  const isOwnMade = isKnown && lackOf(kind, own) === null
  console.error(isOwnMade ? `${lack}; --own makes those of this machine only` : lack)
  process.exitCode = 1
} else {
  run('npm', 'run', '--silent', 'build')
  for (const path of await KINDS[kind](directory, platforms)) console.log(path)
}
