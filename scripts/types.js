// Declares the types of what the package exports, in dist/types: its entries, and all that they
// refer to.
import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

// Kept between builds, so that one that changes nothing takes a second
const ALL = 'dist/declarations'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entries = Object.values(exports).flatMap(({ types }) => types ?? [])
const named = entries.map((each) => each.replace('./dist/types/', ''))
compile(ALL, named)
rmSync('dist/types', { recursive: true, force: true })
for (const name of reach(ALL, named)) cpSync(join(ALL, name), join('dist/types', name))

function compile(directory, entries) {
  // Packages without types have theirs in src
  const declarations = readdirSync('src', { recursive: true }).filter((each) =>
    each.endsWith('.d.ts'),
  )
  const named = [...entries.map((each) => each.replace('.d.ts', '.ts')), ...declarations]
  const sources = named.map((each) => join('src', each))
  const { compilerOptions } = JSON.parse(readFileSync('tsconfig.json', 'utf8'))
  const { target, module, lib } = compilerOptions
  const options = [
    '--ignoreConfig',
    '--declaration',
    '--emitDeclarationOnly',
    '--noCheck',
    '--strict',
  ]
  options.push('--exactOptionalPropertyTypes', '--types', 'node', '--rootDir', 'src')
  options.push('--outDir', directory, '--target', target, '--module', module, '--lib', lib.join())
  options.push('--incremental', '--tsBuildInfoFile', join(directory, '.tsbuildinfo'))
  const compiler = 'node_modules/@typescript/native/bin/tsc'
  const stdio = ['ignore', 'inherit', 'inherit']
  execFileSync(process.execPath, [compiler, ...options, ...sources], { stdio })
  for (const each of declarations) cpSync(join('src', each), join(directory, each))
}

/** Declarations with all that they import from files beside them. */
function reach(directory, entries) {
  const reached = new Set(entries)
  for (const name of reached) {
    const code = readFileSync(join(directory, name), 'utf8')
    for (const [, path] of code.matchAll(/(?:from |import\()['"](\.[^'"]*)\.js['"]/g))
      reached.add(join(dirname(name), `${path}.d.ts`))
  }
  return reached
}
