import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { availableKernels } from '../../../../src/disk/hash/kernels.js'
import { projectRoot, runProgram } from '../../../support/programs.js'
import { assertQuiet, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

// Needs the built program: it is copied

test('doctor names the hash kernel in use, and the speed of each that runs here', async () => {
  const { stdout } = assertQuiet(await runBtkit(['doctor']))
  const kernels = availableKernels().map(({ name }) => name)
  assert.match(stdout, new RegExp(`^hash kernel: ${kernels[0]!} `, 'm'))
  for (const name of kernels) {
    assert.match(stdout, new RegExp(`^ +${name} +SHA-1 [\\d.]+ [MG]iB/s`, 'm'))
  }
})

test('doctor shows that BTKIT_HASH is obeyed', async () => {
  const { stdout } = await runBtkit(['doctor'], { env: { BTKIT_HASH: 'crypto' } })
  assert.match(stdout, /^hash kernel: crypto \(set by BTKIT_HASH\)$/m)
})

test('doctor --json says the same for programs', async () => {
  const { stdout } = await runBtkit(['doctor', '--json'], { env: { BTKIT_HASH: 'crypto' } })
  const report = JSON.parse(stdout) as Record<string, unknown>
  assert.deepEqual(
    [report['node'], report['kernel'], report['isKernelSet']],
    [process.version, 'crypto', true],
  )
  const kernels = report['kernels'] as { name: string; sha1Rate: number }[]
  assert.deepEqual(
    kernels.map(({ name }) => name),
    availableKernels().map(({ name }) => name),
  )
  for (const { sha1Rate } of kernels) assert.ok(sha1Rate > 1e6)
})

/** The package as it is installed, without what is built in a checkout; its doctor's report. */
async function doctorOf(t: TestContext, addon?: Uint8Array): Promise<string> {
  const root = makeScratch(t)
  for (const part of ['package.json', 'bin', 'dist/bundle'])
    cpSync(join(projectRoot, part), join(root, part), { recursive: true })
  const modules = join(root, 'node_modules')
  if (addon !== undefined) {
    const directory = join(modules, '@btkit', `accelerator-${process.platform}-${process.arch}`)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'package.json'), '{ "main": "piece_hash.node" }')
    writeFileSync(join(directory, 'piece_hash.node'), addon)
  }
  const args = [join(root, 'bin/btkit.js'), 'doctor']
  const { stdout } = assertQuiet(await runProgram(process.execPath, args))
  return stdout
}

const platform = `${process.platform} ${process.arch}`
const readyMade = { skip: !['linux x64', 'linux arm64'].includes(platform) && 'no package' }
const name = `@btkit/accelerator-${process.platform}-${process.arch}`
const notBuilt = '  native/build/piece_hash.node is not installed\n'

const addon = join(projectRoot, 'native/build/piece_hash.node')
const withAddon = existsSync(addon) ? readyMade : { skip: 'the native addon is not built' }

test('the accelerator of a package is used if none was built', withAddon, async (t) => {
  const report = await doctorOf(t, readFileSync(addon))
  assert.ok(report.includes(`accelerator: ${name}\n${notBuilt}`), report)
  assert.match(report, new RegExp(`^hash kernel: ${availableKernels()[0]!.name} `, 'm'))
})

test('doctor says that the package of the accelerator is missing', readyMade, async (t) => {
  const report = await doctorOf(t)
  assert.ok(report.includes(`accelerator: none\n${notBuilt}  ${name} is not installed\n`), report)
  assert.match(report, /^hash kernel: crypto /m)
})

test('doctor says why the accelerator of a package is not used', readyMade, async (t) => {
  const report = await doctorOf(t, Buffer.from('not a library'))
  assert.match(report, /^accelerator: none$/m)
  assert.match(report, new RegExp(`^  ${name} fails: .*(file too short|invalid ELF header)`, 'm'))
})
