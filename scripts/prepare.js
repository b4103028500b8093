// Builds btkit after `npm ci`: runs the commands of the script "build", and prints a line for each,
// because together they take a minute, on a busy machine several.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
const steps = scripts.build.split(' && ')
for (const [i, step] of steps.entries()) {
  console.log(`build, step ${i + 1} of ${steps.length}: ${step}`)
  const { status } = spawnSync(step, { shell: true, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
