import assert from 'node:assert/strict'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { projectRoot, runProgram } from '../support/programs.js'
import { makeScratch } from '../support/scratch.js'

const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** Compilers of this machine and of the other one, with the packages that have them. */
const GCC = {
  x64: ['x86_64-linux-gnu-gcc', 'aarch64-linux-gnu-gcc', 'gcc-aarch64-linux-gnu'],
  arm64: ['aarch64-linux-gnu-gcc', 'x86_64-linux-gnu-gcc', 'gcc-x86-64-linux-gnu'],
} as const

const { arch } = process
const [own, other, otherPackage] = GCC[arch === 'arm64' ? arch : 'x64']
const unlessOther = { skip: !(arch in GCC) && 'no packages for this processor' }

for (const [kind, program, name] of [
  ['npm', [], []],
  ['portable', ['xz'], ['xz-utils']],
  ['deb', ['dpkg-deb'], ['dpkg']],
] as const) {
  /** Makes packages where these programs are installed. */
  const make = (t: TestContext, programs: readonly string[], ...args: readonly string[]) => {
    const path = makeScratch(t, Object.fromEntries(programs.map((each) => [each, '#!/bin/sh\n'])))
    for (const each of programs) chmodSync(join(path, each), 0o755)
    const [, ...words] = manifest.scripts[`package:${kind}`]!.split(' ')
    const world = { env: { PATH: path }, cwd: projectRoot }
    return runProgram(process.execPath, [...words, ...args], world)
  }

  test(`package:${kind} names at once what is not installed`, unlessOther, async (t) => {
    const all = [...(arch === 'x64' ? [own, other] : [other, own]), ...program].join(' and ')
    const both = arch === 'x64' ? ['gcc', otherPackage] : [otherPackage, 'gcc']
    const advice = '; --own makes those of this machine only'
    for (const [installed, args, line] of [
      [[], [], `${all}: not installed (apt install ${[...both, ...name].join(' ')})`],
      [[own, ...program], [], `${other}: not installed (apt install ${otherPackage})${advice}`],
      [program, ['--own'], `${own}: not installed (apt install gcc)`],
    ] as const) {
      const { status, stdout, stderr } = await make(t, installed, ...args)
      assert.deepEqual([status, stdout, stderr], [1, '', `${line}\n`])
    }
  })
}
