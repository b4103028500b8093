// Declares the types of what the package exports, in dist/types: its entries, and all that they refer to.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Fills dist/types with the declarations that the exports in package.json name. */
export function declareTypes() {
  const scratch = mkdtempSync(join(tmpdir(), 'btkit-types-'))
  try {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
    const entries = Object.values(exports).flatMap(({ types }) => types ?? [])
    const named = entries.map((each) => each.replace('./dist/types/', ''))
    compile(scratch, named)
    rmSync('dist/types', { recursive: true, force: true })
    for (const name of reach(scratch, named)) cpSync(join(scratch, name), join('dist/types', name))
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function compile(directory, entries) {
  // Packages without types have theirs in src
  const declarations = readdirSync('src', { recursive: true }).filter((each) =>
    each.endsWith('.d.ts'),
  )
  const named = [...entries.map((each) => each.replace('.d.ts', '.ts')), ...declarations]
  const sources = named.map((each) => join('src', each))
  const { compilerOptions } = JSON.parse(readFileSync('tsconfig.json', 'utf8'))
  const { target, module, lib } = compilerOptions
  const options = ['--declaration', '--emitDeclarationOnly', '--noCheck', '--strict']
  options.push('--exactOptionalPropertyTypes', '--types', 'node', '--rootDir', 'src')
  options.push('--outDir', directory, '--target', target, '--module', module, '--lib', lib.join())
  execFileSync('npx', ['tsc', ...options, ...sources], { stdio: ['ignore', 'inherit', 'inherit'] })
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
