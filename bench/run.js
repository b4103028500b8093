// Runs all benchmarks, one after the other. Each can also be run by itself, on smaller data.
//
//   npm run bench
//   npm run bench -- --beside COMMIT [--quick] [WORD...]   compares with another build; WORDs choose rows
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

const NOT_BENCHMARKS = ['run.js', 'support.js', 'beside.js']

const { values, positionals } = parseArgs({
  options: { beside: { type: 'string' }, quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
if (values.beside === undefined) await runAll()
else {
  const { compareWith } = await import('./beside.js')
  process.exitCode = await compareWith(values.beside, { isQuick: values.quick, only: positionals })
}

async function runAll() {
  const here = new URL('.', import.meta.url)
  for (const name of readdirSync(here).sort()) {
    if (name.endsWith('.js') && !NOT_BENCHMARKS.includes(name)) {
      await import(new URL(name, here).href)
    }
  }
}
