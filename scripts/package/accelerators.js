// The ready-made accelerators: a package for each platform, as others of their kind have them.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkAddon, compile, NotBuilt } from '../../native/compile.js'

/** The compilers are Debian's packages gcc and gcc-aarch64-linux-gnu, on x64. */
export const PLATFORMS = [
  { os: 'linux', cpu: 'x64', compiler: 'x86_64-linux-gnu-gcc' },
  { os: 'linux', cpu: 'arm64', compiler: 'aarch64-linux-gnu-gcc' },
]

/** Returns the platforms that run here and can be built: one or none. */
export function ownPlatforms() {
  return PLATFORMS.filter(({ os, cpu, compiler }) => {
    if (os !== process.platform || cpu !== process.arch) return false
    return !spawnSync(compiler, ['--version']).error
  })
}

/** For glibc and musl alike: native/portable.h says how. Stripped. */
const FLAGS = ['-Werror', '-s', '-include', 'native/portable.h']

/** The packages that `manifest` depends on for accelerators, each of the very version. */
export function acceleratorDependencies({ version }) {
  return Object.fromEntries(PLATFORMS.map((each) => [nameOf(each), version]))
}

/**
 * Builds the package of each platform into a directory of its own below `scratch`; returns these.
 * The accelerator for this machine is tried. Throws NotBuilt.
 */
export function stageAccelerators(scratch, manifest, platforms) {
  return platforms.map((platform) => {
    const directory = join(scratch, `accelerator-${platform.os}-${platform.cpu}`)
    mkdirSync(directory)
    const target = join(directory, 'piece_hash.node')
    compile(target, platform.compiler, FLAGS)
    const versions = newerThanGlibc228(target)
    if (versions.length > 0) throw new NotBuilt(`${target} needs ${versions.join(', ')}`)
    if (platform.cpu === process.arch) checkAddon(target)
    writeFileSync(join(directory, 'package.json'), JSON.stringify(describe(platform, manifest)))
    copyFileSync('LICENSE', join(directory, 'LICENSE'))
    return directory
  })
}

function nameOf({ os, cpu }) {
  return `@btkit/accelerator-${os}-${cpu}`
}

function describe(platform, { version, license, repository, engines }) {
  const { os, cpu } = platform
  return {
    name: nameOf(platform),
    version,
    description: `The native accelerator of btkit for ${os} ${cpu}, with glibc or musl`,
    license,
    repository,
    engines,
    os: [os],
    cpu: [cpu],
    main: 'piece_hash.node',
    files: ['piece_hash.node'],
    // Package managers that keep packages in archives leave this one unpacked
    preferUnplugged: true,
  }
}

/** The versions of glibc's symbols that the oldest system on which Node 20 runs lacks. */
function newerThanGlibc228(target) {
  const { stdout, status } = spawnSync('objdump', ['-p', target], { encoding: 'utf8' })
  if (status !== 0) throw new NotBuilt('objdump is missing')
  const found = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)]
  return found.filter(([, minor]) => Number(minor) > 28).map(([name]) => name)
}
