import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

// Tests of the built program import the file that starts it, or the package, or have this mark
const BUILT = /\/executable\.js'|from 'btkit[/']|^ *\/\/ Needs the built program: /m
const IMPORT = /(?:from|import) '(\.[^']+)\.js'/g

/**
 * Builds what these test files need, or all if `isWhole`: most need compiled sources only. Returns
 * the exit status.
 */
export function buildFor(sources, isWhole) {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const script = isWhole || startBuilt(sources) ? scripts.build : scripts.compile
  return spawnSync(script, { shell: true, stdio: 'inherit' }).status ?? 1
}

/** Whether any of the files, or a file below test/ that they import, starts the built program. */
function startBuilt(sources) {
  const reached = new Set(sources)
  for (const source of reached) {
    const text = readFileSync(source, 'utf8')
    if (BUILT.test(text)) return true
    for (const [, path] of text.matchAll(IMPORT)) {
      const imported = `${join(dirname(source), path)}.ts`
      if (/^test\b/.test(imported) && existsSync(imported)) reached.add(imported)
    }
  }
  return false
}
