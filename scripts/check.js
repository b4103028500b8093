// All that a change must pass: the tests, and then the linters, the kernels and the package. Build
// first.
//
//   node scripts/check.js [--rest]
//
// --rest leaves the tests out, for those who have run `npm test`.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const AFTER = [
  'lint:code',
  'lint:format',
  'lint:layers',
  'lint:source',
  'lint:manual',
  'lint:unused',
  'lint:prose',
  'lint:subjects',
  'check:native',
  'check:package',
]

const counts = process.argv.includes('--rest') ? [] : await runTests()
const failed = await runAfter()
for (const name of failed) console.log(`FAILED npm run ${name}`)
const [passed = 0, failures = 0, ...skipped] = counts
const all = [`${passed} passed`, `${failures + failed.length} failed`]
spawnSync(process.execPath, ['scripts/lint/size.js'], { stdio: 'inherit' })
console.log([...all, ...skipped.map((count) => `${count} skipped`)].join(', '))

/** The numbers of the last line, which is not printed yet. */
async function runTests() {
  const child = spawn(process.execPath, ['scripts/test.js', '--map'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  let last = null
  for await (const line of createInterface({ input: child.stdout })) {
    if (last !== null) console.log(last)
    last = line
  }
  const [status] = await ended
  if (status !== 0) process.exitCode = 1
  return [...(last ?? '').matchAll(/\d+(?= passed| failed| skipped)/g)].map(Number)
}

/** Two at a time, so that a disk or a registry keeps no core waiting. Returns what failed. */
async function runAfter() {
  const failed = []
  const waiting = AFTER.values()
  const work = async () => {
    for (const name of waiting) if (!(await passes(name))) failed.push(name)
  }
  await Promise.all([work(), work()])
  return failed
}

async function passes(name) {
  const start = performance.now()
  const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (text) => (output += text))
  child.stderr.on('data', (text) => (output += text))
  const [status] = await once(child, 'close')
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  console.log(`${name}: ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)`)
  if (status === 0) return true
  console.log(output)
  process.exitCode = 1
  return false
}
