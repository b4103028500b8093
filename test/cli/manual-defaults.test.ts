import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultText, leafCommands, optionEntries } from '../../src/cli/options/table.js'
import { allCommands } from '../support/commands.js'
import { projectRoot } from '../support/programs.js'

/**
 * The default that an option declares, if it is a word or a number, and the same on each machine.
 */
function declared(entry: Parameters<typeof defaultText>[0]): string | null {
  const text = entry.key === 'threads' ? null : defaultText(entry)
  return text === 'true' || text === 'false' ? null : text
}

for (const page of readdirSync(join(projectRoot, 'man'))) {
  const [, section] = /^btkit-([a-z]+)\.\d$/.exec(page) ?? []
  if (section === undefined) continue
  test(`${page} states the defaults of options as they are declared`, async () => {
    const leaves = leafCommands(await allCommands()).filter((leaf) => leaf.section === section)
    const entries = new Map(leaves.flatMap(({ command }) => [...optionEntries(command)]))
    const text = readFileSync(join(projectRoot, 'man', page), 'utf8')
    for (const [, heading = '', lines = ''] of text.matchAll(
      /^\.It (Fl (?:.*\\\n)*.*)\n((?:(?!\.(?:It|El|Ss|Sh)\b).*\n)*)/gm,
    )) {
      const own = [...heading.matchAll(/-([a-z][\w-]+)/g)].flatMap(
        ([, key = '']) => entries.get(key) ?? [],
      )
      const said = lines.replaceAll(/\n\.[A-Z][a-z] | [.,;)]$/gm, ' ').replaceAll('\n', ' ')
      const found = [...said.matchAll(/\b[Dd]efault(?::| is| are) +([^;,:)]+)/g)]
      const stated = found.map(([, words = '']) => words.replace(/\. *$/, '').split(' '))
      for (const value of own.flatMap((entry) => declared(entry) ?? [])) {
        const isElsewhere = / btkit-\w+ Ns Pq /.test(said)
        assert.ok(
          isElsewhere || stated.flat().includes(value),
          `${heading}: no ${value} in ${said}`,
        )
      }
      const known = own.map((entry) => `${declared(entry)} ${entry.on?.description}`).join(' ')
      for (const [first = ''] of own.length > 0 ? stated : [])
        if (/^\d/.test(first)) assert.match(known, new RegExp(`\\b${first}\\b`), heading)
    }
  })
}
