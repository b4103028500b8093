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

function describe(directory) {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  )
  const file = readdirSync(directory).find((each) => /^licen[sc]e/i.test(each))
  const text = file ? readFileSync(join(directory, file), 'utf8').trim() : authorOf(author)
  return `${name} ${version} (${license})\n\n${text}\n`
}

function authorOf(author) {
  return `by ${typeof author === 'object' ? author.name : (author ?? 'its authors')}`
}
