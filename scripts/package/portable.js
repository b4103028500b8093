// Makes btkit-VERSION-linux-x64.tar.xz and -arm64: a directory with Node and all else that btkit
// needs, to copy to a machine where nothing is installed. Two builds of a commit are the same. It
// wants what the Debian packages want, and xz. npm has Node from its cache or downloads it.
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { PLATFORMS, stageAccelerators } from './accelerators.js'
import { stagePackage } from './npm.js'
import { archive, run, stageProgram, unpackFromNpm } from './program.js'

/** The newest Node with long support, and the SHA-256 of its program for each processor. */
const NODE = '24.21.0'
const DIGESTS = {
  x64: '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
  arm64: '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
}

/** Starts the program with the Node beside it, from any place and through links. */
const LAUNCHER = `#!/bin/sh
self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=$(dirname "$self")/$link ;; esac
done
case $self in */*) top=\${self%/*}/.. ;; *) top=.. ;; esac
exec "$top/lib/node" "$top/lib/btkit/bin/@NAME@.js" "$@"
`

/** Makes the archive of each platform and returns their paths. */
export async function packPortable(directory, platforms = PLATFORMS) {
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-portable-'))
  try {
    mkdirSync(directory, { recursive: true })
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
    const staged = stagePackage(scratch)
    const accelerators = stageAccelerators(scratch, manifest, platforms)
    return platforms.map(({ os, cpu }, i) => {
      const name = `btkit-${manifest.version}-${os}-${cpu}`
      const root = join(scratch, name)
      stageProgram(join(root, 'lib/btkit'), { staged, accelerator: accelerators[i], cpu })
      stageNode(root, cpu)
      stageRest(root, staged)
      return archive(root, directory, ['bin', 'lib/node'])
    })
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function stageNode(root, cpu) {
  const unpacked = join(root, 'node')
  unpackFromNpm(`node-linux-${cpu}@${NODE}`, unpacked)
  const program = join(root, 'lib/node')
  cpSync(join(unpacked, 'bin/node'), program)
  const digest = createHash('sha256').update(readFileSync(program)).digest('hex')
  if (digest !== DIGESTS[cpu]) throw new Error(`Node ${NODE} for ${cpu} is another: ${digest}`)
  run(cpu === process.arch ? 'strip' : 'aarch64-linux-gnu-strip', '--strip-unneeded', program)
  mkdirSync(join(root, 'share/doc/btkit'), { recursive: true })
  cpSync(join(unpacked, 'LICENSE'), join(root, 'share/doc/btkit/LICENSE.node'))
  rmSync(unpacked, { recursive: true })
  if (cpu === process.arch) keepCode(program, join(root, 'lib/btkit/dist/bundle'))
}

/** Has compiled code kept for the Node that makes it. */
function keepCode(program, bundle) {
  // It is the same each time only with these flags
  const warmUp = ['--random-seed=1', '--predictable', join(bundle, 'warm-up.cjs')]
  // On a busy machine a timer may have functions compiled that another build does not need
  for (let [before, now] = ['', null]; before !== now;) {
    before = now
    const codes = readdirSync(bundle).filter((name) => name.endsWith('.cache'))
    for (const name of codes) rmSync(join(bundle, name))
    run(program, ...warmUp)
    const hash = createHash('sha256')
    for (const name of readdirSync(bundle).filter((each) => each.endsWith('.cache')))
      hash.update(name).update(readFileSync(join(bundle, name)))
    now = hash.digest('hex')
  }
}

/** Executables, manual, completions and documents. */
function stageRest(root, staged) {
  mkdirSync(join(root, 'bin'))
  for (const file of readdirSync('bin').filter((each) => each.endsWith('.js'))) {
    const name = basename(file, '.js')
    writeFileSync(join(root, 'bin', name), LAUNCHER.replace('@NAME@', name))
  }
  for (const page of readdirSync('man'))
    cpSync(join('man', page), join(root, `share/man/man${page.at(-1)}`, page))
  const completions = { bash: 'btkit', zsh: '_btkit', fish: 'btkit.fish' }
  for (const [shell, name] of Object.entries(completions)) {
    mkdirSync(join(root, 'share/completions', shell), { recursive: true })
    const script = run(process.execPath, 'bin/btkit.js', 'completion', shell)
    writeFileSync(join(root, 'share/completions', shell, name), script)
  }
  for (const name of ['LICENSE', 'README.md', 'CHANGELOG.md', 'docs', 'packaging'])
    cpSync(join(staged, name), join(root, 'share/doc/btkit', name), { recursive: true })
}
