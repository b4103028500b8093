// Runs all benchmarks, one after the other. Each can also be run by itself, on smaller data.
import { readdirSync } from 'node:fs'

const NOT_BENCHMARKS = ['run.js', 'support.js']

const here = new URL('.', import.meta.url)
for (const name of readdirSync(here).sort()) {
  if (name.endsWith('.js') && !NOT_BENCHMARKS.includes(name)) await import(new URL(name, here).href)
}
