import { existsSync, readdirSync } from 'node:fs'
import { join, sep } from 'node:path'

/**
 * The test files whose path contains one of `parts`, or all: `source` and `compiled` paths, by
 * source. Only what has a source counts, since dist keeps the files of tests that have moved.
 */
export function findTests(suffix, parts) {
  const files = readdirSync('test', { recursive: true })
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => ({ source: join('test', name), compiled: compiledPath(name) }))
  const unknown = parts.find((part) => !files.some((file) => has(file, part)))
  if (unknown !== undefined) throw new Error(`no test file (*${suffix}) has ${unknown} in its path`)
  const found = files.filter((file) => parts.length === 0 || parts.some((part) => has(file, part)))
  const missing = found.find(({ compiled }) => !existsSync(compiled))
  if (missing) throw new Error(`${missing.source}: not compiled; run npm run build first`)
  return found
}

function compiledPath(name) {
  return join('dist', 'test', name.replace(/\.ts$/, '.js'))
}

function has({ source, compiled }, part) {
  const native = part.replaceAll('/', sep)
  return source.includes(native) || compiled.includes(native)
}
