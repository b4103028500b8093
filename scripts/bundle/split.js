// Joins a program into two files: what it always loads, and what some runs need beside it.
import { basename, join } from 'node:path'
import { build } from 'esbuild'

/**
 * Builds `NAME.cjs` and `NAME-rest.cjs`. Modules imported by `import()` go into the second, except
 * those that the first already has. The loader gives each the modules of the other. Returns the
 * names of all modules in them, and of the files.
 */
export async function buildSplit({ name, entryPoint, plugins }, { esm, commonJs }) {
  const { outputFiles, metafile } = await build({
    ...esm,
    entryPoints: { [name]: entryPoint },
    splitting: true,
    write: false,
    sourcemap: 'inline',
    plugins,
  })
  const parts = new Map(outputFiles.map(({ path, text }) => [nameOf(path), text]))
  const imports = importsOf(metafile)
  const always = reach([`./${name}.mjs`], imports)
  const join = (outfile, code, isOwn) =>
    build({
      ...commonJs,
      entryPoints: { [outfile]: 'entry' },
      plugins: [givenParts(code, parts, isOwn)],
    })
  const shared = [...always].filter((part) => part !== `./${name}.mjs`)
  const late = [...always].flatMap((part) => imports.get(part).dynamic)
  await join(name, mainEntry(`./${name}.mjs`, shared), (part) => always.has(part))
  const files = late.length > 0 ? [name, `${name}-rest`] : [name]
  if (late.length > 0) await join(files[1], restEntry(late), (part) => !always.has(part))
  return { files, inputs: Object.keys(metafile.inputs) }
}

const nameOf = (path) => `./${basename(path)}`

/** Returns the parts that each part imports at once, and those that it imports later. */
function importsOf({ outputs }) {
  return new Map(
    Object.entries(outputs).map(([path, { imports }]) => {
      const own = imports.filter(({ external }) => !external)
      const ofKind = (kind) =>
        own.filter((each) => each.kind === kind).map((each) => nameOf(each.path))
      return [nameOf(path), { now: ofKind('import-statement'), dynamic: ofKind('dynamic-import') }]
    }),
  )
}

/** Parts with all that they import at once. */
function reach(parts, imports) {
  const reached = new Set(parts)
  for (const part of reached) for (const next of imports.get(part).now) reached.add(next)
  return reached
}

/** Exports the modules that the rest imports as well. */
function mainEntry(main, shared) {
  return [
    `export { main } from '${main}'`,
    ...shared.map((part, i) => `import * as part${i} from '${part}'`),
    `export const parts = { ${shared.map((part, i) => `'${part}': part${i}`).join(', ')} }`,
  ].join('\n')
}

function restEntry(late) {
  const loaders = [...new Set(late)].map((part) => `'${part}': () => require('${part}')`)
  return `export const late = { ${loaders.join(', ')} }`
}

/** Takes an entry and its own parts from memory, and leaves out all others. */
function givenParts(entry, parts, isOwn) {
  return {
    name: 'given parts',
    setup({ onResolve, onLoad }) {
      const inMemory = (path) => join(process.cwd(), 'dist/bundle', path)
      onResolve({ filter: /^entry$/ }, () => ({ path: inMemory('entry.mjs') }))
      onResolve({ filter: /^\.\// }, ({ path }) =>
        parts.has(path) && isOwn(path) ? { path: inMemory(path) } : { path, external: true },
      )
      onLoad({ filter: /\bdist.bundle\b/ }, ({ path }) => ({
        contents: basename(path) === 'entry.mjs' ? entry : parts.get(nameOf(path)),
      }))
    },
  }
}
