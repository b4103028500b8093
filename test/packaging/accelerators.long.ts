import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { projectRoot } from '../support/programs.js'
import { unlessInstalled } from '../support/peers.js'
import { makeScratch } from '../support/scratch.js'

const onX64 = process.platform === 'linux' && process.arch === 'x64'

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8', cwd: projectRoot, timeout: 120_000 })

/** The accelerator as it is published for this processor. */
function build(t: TestContext): string {
  const directory = makeScratch(t)
  const script = `
    import { stageAccelerators } from ${JSON.stringify(join(projectRoot, 'scripts/package/accelerators.js'))}
    const platforms = [{ os: 'linux', cpu: 'x64', compiler: 'gcc' }]
    stageAccelerators(${JSON.stringify(directory)}, { version: '1.2.3' }, platforms)`
  run(process.execPath, '--input-type=module', '--eval', script)
  return join(directory, 'accelerator-linux-x64/piece_hash.node')
}

const LOADER = `
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **arguments) {
  if (dlopen(arguments[count - 1], RTLD_NOW) != NULL) return puts("loaded") < 0;
  return puts(dlerror());
}
`

test('a published accelerator has all that it needs of musl', unlessInstalled('musl-gcc'), (t) => {
  if (!onX64) {
    t.skip('for x64')
    return
  }
  const addon = build(t)
  const undefinedNames =
    run('nm', '-D', '--undefined-only', addon).match(/\b(?:napi|uv)_\w+/g) ?? []
  assert.ok(undefinedNames.length > 20)
  const directory = makeScratch(t)
  const source = join(directory, 'loader.c')
  const stubs = undefinedNames.map((name) => `int ${name}(void) { return 1; }\n`)
  writeFileSync(source, LOADER + stubs.join(''))
  run('musl-gcc', '-rdynamic', '-o', join(directory, 'loader'), source)
  assert.equal(run(join(directory, 'loader'), addon), 'loaded\n')
})
