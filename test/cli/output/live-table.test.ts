import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { LiveTable } from '../../../src/cli/output/torrent-display.js'

const [ENTER, LEAVE, HOME, BELOW] = [
  '\u001b[?1049h',
  '\u001b[H\u001b[J\u001b[?1049l',
  '\u001b[H',
  '\u001b[J',
] as const

/** A terminal that both streams lead to. */
class Terminal extends EventEmitter {
  readonly isTTY = true
  text = ''

  constructor(
    public rows = 24,
    public columns = 80,
  ) {
    super()
  }

  write(chunk: string | Uint8Array): void {
    this.text += chunk.toString()
  }

  /** Returns the text written since the last call. */
  take(): string {
    const { text } = this
    this.text = ''
    return text
  }
}

function open(rows?: number) {
  const terminal = new Terminal(rows)
  return { terminal, table: new LiveTable({ stdout: terminal, stderr: terminal }) }
}

/** Lines drawn from the upper left on, with nothing left of what was there. */
function drawn(...lines: string[]): string {
  return HOME + lines.map((line) => `\u001b[K${line}\r\n`).join('') + BELOW
}

test('a table is drawn over the one before, on a screen of its own', () => {
  const { terminal, table } = open()
  table.show(() => ['a', 'b'])
  assert.equal(terminal.take(), ENTER + drawn('a', 'b'))
  table.show(() => ['c'])
  assert.equal(terminal.take(), drawn('c'))
  table.close()
  assert.equal(terminal.take(), LEAVE)
})

test('a message is printed on the main screen and shown below the table', () => {
  const { terminal, table } = open()
  table.write('btkit: first\n')
  table.show(() => ['a'])
  assert.equal(terminal.take(), `btkit: first\n${ENTER}${drawn('a', '', 'btkit: first')}`)
  table.write('\u001b[31mbtkit:\u001b[39m second\n')
  const below = drawn('a', '', 'btkit: first', 'btkit: second')
  assert.equal(terminal.take(), `${LEAVE}\u001b[31mbtkit:\u001b[39m second\n${ENTER}${below}`)
})

test('messages elsewhere leave the screen as it is', () => {
  const [stdout, stderr] = [new Terminal(), { write: () => undefined }]
  const table = new LiveTable({ stdout, stderr })
  table.show(() => ['a'])
  stdout.take()
  table.write('btkit: told\n')
  assert.equal(stdout.take(), drawn('a', '', 'btkit: told'))
})

test('the table is redrawn when the terminal size changes, until it is closed', () => {
  const { terminal, table } = open()
  table.show((columns) => [`${columns} columns`])
  Object.assign(terminal, { columns: 40 }).emit('resize')
  assert.ok(terminal.take().endsWith(drawn('40 columns')))
  table.close()
  terminal.take()
  terminal.emit('resize')
  assert.equal(terminal.take(), '')
})

test('lines that do not fit the terminal are counted', () => {
  const { terminal, table } = open(4)
  table.show(() => ['a', 'b', 'c', 'd', 'e'])
  assert.equal(terminal.take(), ENTER + drawn('a', 'b', 'and 3 more'))
  table.show(() => ['a', 'b', 'c'])
  assert.equal(terminal.take(), drawn('a', 'b', 'c'))
})

test('a low terminal shows no messages; in others they use a quarter of the lines', () => {
  for (const [rows, seen] of [
    [4, 0],
    [9, 2],
    [50, 5],
  ] as const) {
    const { terminal, table } = open(rows)
    for (let i = 1; i <= 9; i++) table.write(`message ${i}\n`)
    terminal.take()
    table.show(() => ['a'])
    assert.equal(terminal.take().match(/message/g)?.length ?? 0, seen, `${rows} rows`)
  }
})

test('a long message below the table is wrapped, not cut', () => {
  const { terminal, table } = open()
  table.write(`btkit: ${'word '.repeat(30)}end\n`)
  terminal.take()
  table.show(() => ['a'])
  const words = (count: number) => 'word '.repeat(count).trimEnd()
  const wrapped = drawn('a', '', `btkit: ${words(14)}`, words(16), 'end')
  assert.equal(terminal.take(), ENTER + wrapped)
})

test('an omitted entry of several lines is counted once', () => {
  const { terminal, table } = open(5)
  table.show(() => ['names', 'a\n  refused', 'b\n  refused', 'c'])
  assert.equal(terminal.take(), ENTER + drawn('names', 'a', '  refused', 'and 2 more'))
})

test('a terminal that says it has 0 rows gets a table of the usual size', () => {
  const { terminal, table } = open(0)
  table.show(() => Array.from({ length: 20 }, (_, at) => `torrent ${at}`))
  assert.match(terminal.take(), /torrent 19/)
})
