import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The licences of the packages whose code is part of a bundle, as these ask for: one text.
 * `inputs` are the paths of esbuild's metafiles.
 */
export function thirdPartyLicenses(inputs) {
  const found = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [])
  const packages = [...new Set(found)].sort()
  return packages.map((directory) => describe(directory)).join(`\n${'-'.repeat(80)}\n\n`)
}

/** Libraries that packages have compiled, with the files of their licences. */
const COMPILED = {
  lmdb: [
    { part: 'LMDB', files: ['lmdb/libraries/liblmdb/COPYRIGHT', 'lmdb/libraries/liblmdb/LICENSE'] },
    { part: 'LZ4', files: ['lz4/lib/LICENSE'] },
  ],
}

function describe(directory) {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  )
  const file = readdirSync(directory).find((each) => /^licen[sc]e/i.test(each))
  const text = file ? readFileSync(join(directory, file), 'utf8').trim() : authorOf(author)
  const compiled = (COMPILED[name] ?? []).map(({ part, files }) => {
    const texts = files.map((each) => readFileSync(join(directory, 'dependencies', each), 'utf8'))
    return `\n${part}, which is compiled into it:\n\n${texts.map((each) => each.trim()).join('\n\n')}\n`
  })
  return `${name} ${version} (${license})\n\n${text}\n${compiled.join('')}`
}

function authorOf(author) {
  return `by ${typeof author === 'object' ? author.name : (author ?? 'its authors')}`
}
