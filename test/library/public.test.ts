import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

// Needs the built program: the package is imported

// test/library/public.json lists all that programs may import. A name that goes, or changes its
// meaning, breaks programs of others.

const ENTRIES: Record<string, string> = {
  btkit: 'src/library/index.ts',
  'btkit/metainfo': 'src/library/metainfo.ts',
}
const listed = JSON.parse(readFileSync('test/library/public.json', 'utf8')) as Record<
  string,
  { values: string[]; types: string[] }
>

test('the list has all entries of the package', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object }
  const entries = Object.keys(exports).filter((each) => each !== './package.json')
  assert.deepEqual(
    entries.map((each) => each.replace('.', 'btkit')),
    Object.keys(listed),
  )
})

for (const [entry, { values, types }] of Object.entries(listed)) {
  test(`${entry} exports what is listed, as it is installed`, async () => {
    const module = (await import(entry)) as object
    assert.deepEqual(Object.keys(module).sort(), [...values].sort())
  })

  test(`${entry} has the types that are listed`, () => {
    const source = ENTRIES[entry]
    if (source !== undefined) assert.deepEqual(typesOf(source), types)
  })

  test(`the changelog names each value of ${entry}`, () => {
    const changelog = readFileSync('CHANGELOG.md', 'utf8')
    const lines = changelog.split('\n').filter((line) => /^- `?library`?:/.test(line))
    // Before the first of these lines there is no library to change
    if (lines.length === 0) return
    const named = new Set(lines.join(' ').match(/\w+/g))
    assert.deepEqual(
      values.filter((name) => !named.has(name)),
      [],
    )
  })
}

/** The types that a file of exports names, sorted. */
function typesOf(file: string): string[] {
  const source = readFileSync(file, 'utf8')
  const lists = [...source.matchAll(/^export (type )?\{([^}]*)\}/gm)]
  return lists
    .flatMap(([, isType, list = '']) => {
      const names = list
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
      return isType ? names : names.filter((name) => name.startsWith('type '))
    })
    .map((name) => name.replace(/^type |^.* as /, ''))
    .sort()
}
