// All that a change must pass: the tests, and beside them the linters, the kernels and the package.
// Build first.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const BESIDE = [
  'lint:code',
  'lint:format',
  'lint:layers',
  'lint:prose',
  'check:native',
  'check:package',
]

const [counts, failed] = await Promise.all([runTests(), runBeside()])
for (const name of failed) console.log(`FAILED npm run ${name}`)
const [passed = 0, failures = 0, ...skipped] = counts
const all = [`${passed} passed`, `${failures + failed.length} failed`]
console.log([...all, ...skipped.map((count) => `${count} skipped`)].join(', '))

/** The numbers of the last line, which is not printed yet. */
async function runTests() {
  const child = spawn(process.execPath, ['scripts/test.js'], {
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

/** One after another, since the tests need the machine too. Returns the names of what failed. */
async function runBeside() {
  const failed = []
  for (const name of BESIDE) {
    const start = performance.now()
    const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (output += text))
    const [status] = await once(child, 'close')
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    console.log(`${name}: ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)`)
    if (status === 0) continue
    console.log(output)
    failed.push(name)
    process.exitCode = 1
  }
  return failed
}
