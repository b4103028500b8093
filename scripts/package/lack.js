// What a machine lacks to make packages, before it builds for minutes.
import { spawnSync } from 'node:child_process'

/** The programs of a kind besides compilers, each with Debian's package that has it. */
const PROGRAMS = { npm: [], portable: [['xz', 'xz-utils']], deb: [['dpkg-deb', 'dpkg']] }

/** Returns a line about programs that are missing for packages of a kind; null if none is. */
export function lackOf(kind, platforms) {
  if (platforms.length === 0) return `no packages for ${process.arch} are made`
  const compilers = platforms.map(({ compiler, cpu }) => [compiler, packageOf(compiler, cpu)])
  const missing = [...compilers, ...PROGRAMS[kind]].filter(([program]) => isMissing(program))
  if (missing.length === 0) return null
  const programs = missing.map(([program]) => program).join(' and ')
  const install = `apt install ${missing.map(([, name]) => name).join(' ')}`
  return `${programs}: not installed (${install})`
}

/** Debian's package of a compiler, such as gcc-aarch64-linux-gnu for aarch64-linux-gnu-gcc. */
function packageOf(compiler, cpu) {
  if (cpu === process.arch) return 'gcc'
  return `gcc-${compiler.slice(0, -'-gcc'.length).replaceAll('_', '-')}`
}

function isMissing(program) {
  return spawnSync(program, ['--version']).error !== undefined
}
