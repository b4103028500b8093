import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfiguration } from '../../../src/cli/configuration/read-file.js'
import { parseSimple } from '../../../src/cli/configuration/simple-yaml.js'
import { fc } from '../../support/random.js'

const USUAL = `# The usual
defaults:
  announce: [[http://a.example/announce, udp://b.example:6969], [http://c.example/announce]]
  cache-dir: /srv/cache   # on the large disk
  threads: 4

makemetafile:
  private: true
  comment: It is: 'so'
  source: "A, B"
  exclude:
    - '**/*.tmp'
    - core
  set: {publisher: Example Inc, n: [1, {a: b}]}
completedir: {}
verify:
presets:
  release: {private: true, source: TAG, piece-length: {min: 64K, max: 16M}}
aliases:
  mine:
  - http://a.example/announce
  - [udp://b.example:6969, http://c.example/announce]
trackers:
  1.example.org:
    private: true
`.replace("It is: 'so'", 'it:so#is (so)')

/** The entries that the package finds; null for an error. */
function whole(text: string) {
  try {
    return parseConfiguration(text, 'f')
  } catch {
    return null
  }
}

test('a configuration as most people write it is simple', () => {
  const simple = parseSimple(USUAL, 'f')
  assert.notEqual(simple, null)
  assert.deepEqual(simple, whole(USUAL))
  assert.deepEqual(parseSimple('', 'f'), [])
  assert.deepEqual(parseSimple('\n  # only a comment\n', 'f'), [])
})

const OTHER = [
  'a: 1\na: 2\n',
  'a: {b: 1, b: 2}\n',
  'a: |\n  text\n',
  'a: b\n  c\n',
  'a: &x b\n',
  'a: *x\n',
  'a: !t b\n',
  'a: "\\n"\n',
  "a: 'it''s'\n",
  'a: [b,\n c]\n',
  'a: [b, ]\n',
  'a: {b}\n',
  'a:b\n',
  'a: b: c\n',
  'a: b:\n',
  'a: - b\n',
  '- a\n',
  '---\na: b\n',
  ' a: b\n',
  'a:\n   b: c\n  d: e\n',
  'a:\n  - b\n  c: d\n',
  'a:\n  - - b\n',
  'a:\n  - b: c\n',
  'a:\tb\n',
  'a: b\r\n',
  '\ufeffa: b\n',
  'a: \u00e4\n',
  '"a": b\n',
  '? a\n',
  'a: "b" c\n',
  `a: ${'['.repeat(50)}${']'.repeat(50)}\n`,
]

test('everything else is left to the package', () => {
  for (const text of OTHER) assert.equal(parseSimple(text, 'f'), null, text)
})

test('simple YAML has the same value as with the package', () => {
  const bits = [
    'a',
    'b-c',
    ':',
    ': ',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n- ',
    '- ',
    '-',
    '[',
    ']',
    '{',
    '}',
  ]
  const more = [
    ', ',
    ',',
    '#',
    ' #',
    "'",
    '"',
    '1.5',
    'http://x:1/',
    '~',
    '\\',
    '*',
    '&a',
    '!',
    '|',
    '%',
    '?',
    '.',
    '=',
  ]
  const mutated = fc
    .tuple(fc.nat(USUAL.length), fc.nat(3), fc.constantFrom(...bits, ...more))
    .map(([at, length, bit]) => USUAL.slice(0, at) + bit + USUAL.slice(at + length))
  const random = fc
    .array(fc.constantFrom(...bits, ...more), { maxLength: 14 })
    .map((all) => all.join(''))
  const below = random.map((text) => `a:${text}`)
  let simple = 0
  fc.assert(
    fc.property(fc.oneof(mutated, random, below), (text) => {
      const found = parseSimple(text, 'f')
      if (found === null) return
      simple++
      assert.deepEqual(found, whole(text), text)
    }),
    { numRuns: 600 },
  )
  assert.ok(simple > 50)
})
