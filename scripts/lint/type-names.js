// Fails if two exported types have one name: a reader who searches for a name must find one thing.
import { readdirSync, readFileSync } from 'node:fs'

const EXPORTED = /^export (?:abstract )?(?:interface|type|class|enum) (\w+)/gm
const places = new Map()
for (const path of readdirSync('src', { recursive: true }).filter((each) => each.endsWith('.ts'))) {
  for (const [, name] of readFileSync(`src/${path}`, 'utf8').matchAll(EXPORTED))
    places.set(name, [...(places.get(name) ?? []), `src/${path}`])
}
const twice = [...places].filter(([, paths]) => paths.length > 1)
for (const [name, paths] of twice) console.log(`${name}: exported by ${paths.join(' and ')}`)
process.exitCode = twice.length > 0 ? 1 : 0
