// Makes random faults in the compiled program, one after the other, and says which the tests of
// their folder find. Build first, and change nothing meanwhile: the faults are made in dist/.
//
//   node scripts/mutate.js [--seed N] [--count N] [--in FOLDER]
//
// A fault negates a condition, removes a call, swaps the choices of `?:`, flips a boolean, or
// replaces an operator. Each room of src/ has its share by its size; --in takes one room or folder
// only. A fault that changes nothing but the amount of work can be found by no test.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'

const { SyntaxKind: Kind } = ts
const ROOT = join('dist', 'src')
/** Seconds for the tests of a folder; a fault that makes them hang is found. */
const LIMIT = 300

/** Operators, and what stands in for each. */
const OPERATORS = new Map([
  [Kind.LessThanToken, '<='],
  [Kind.LessThanEqualsToken, '<'],
  [Kind.GreaterThanToken, '>='],
  [Kind.GreaterThanEqualsToken, '>'],
  [Kind.EqualsEqualsEqualsToken, '!=='],
  [Kind.ExclamationEqualsEqualsToken, '==='],
  [Kind.AmpersandAmpersandToken, '||'],
  [Kind.BarBarToken, '&&'],
  [Kind.PlusToken, '-'],
  [Kind.MinusToken, '+'],
])
/** Calls whose loss nobody but a developer sees. */
const OF_DEVELOPERS = /^(?:trace|super)\(/

const options = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '60' },
    in: { type: 'string', default: '' },
  },
}).values
const random = generator(Number(options.seed))
const original = { path: '', text: '' }
const restore = () => original.path !== '' && writeFileSync(original.path, original.text)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
process.once('exit', restore)

const sources = filesIn(join(ROOT, options.in))
const all = sources.flatMap((path) => faultsOf(path))
const rooms = new Map()
for (let n = 1; n <= Number(options.count) && all.length > 0; n++) {
  const [fault] = all.splice(Math.floor(random() * all.length), 1)
  const isFound = tryFault(fault)
  const room = fault.path.split(sep)[2]
  const { found = 0, tried = 0 } = rooms.get(room) ?? {}
  rooms.set(room, { found: found + Number(isFound), tried: tried + 1 })
  const place = `${fault.path.slice('dist/'.length)}:${fault.line}`
  console.log(`${n} ${isFound ? 'found' : 'LIVES'} ${place}: ${fault.before} -> ${fault.after}`)
}
const sum = { found: 0, tried: 0 }
for (const [room, { found, tried }] of [...rooms].sort()) {
  console.log(`${room}: ${found} of ${tried}`)
  sum.found += found
  sum.tried += tried
}
console.log(`${sum.found} of ${sum.tried} found`)

function filesIn(directory) {
  return readdirSync(directory, { recursive: true })
    .filter((name) => name.endsWith('.js') && !name.endsWith('texts.js'))
    .map((name) => join(directory, name))
    .sort()
}

/** All faults that a file can have. */
function faultsOf(path) {
  const text = readFileSync(path, 'utf8')
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  const faults = []
  const add = (node, after) => {
    const [start, end] = [node.getStart(), node.getEnd()]
    const line = file.getLineAndCharacterOfPosition(start).line + 1
    faults.push({
      path,
      line,
      start,
      end,
      before: clip(node.getText()),
      after: clip(after),
      to: after,
    })
  }
  const visit = (node) => {
    if (ts.isIfStatement(node)) add(node.expression, `!(${node.expression.getText()})`)
    if (ts.isConditionalExpression(node))
      add(
        node,
        `${node.condition.getText()} ? ${node.whenFalse.getText()} : ${node.whenTrue.getText()}`,
      )
    if (ts.isExpressionStatement(node) && isCall(node.expression)) add(node, ';')
    if (node.kind === Kind.TrueKeyword) add(node, 'false')
    if (node.kind === Kind.FalseKeyword) add(node, 'true')
    const other = ts.isBinaryExpression(node) && OPERATORS.get(node.operatorToken.kind)
    if (other) add(node.operatorToken, other)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return faults
}

function isCall(node) {
  const call = ts.isAwaitExpression(node) ? node.expression : node
  return ts.isCallExpression(call) && !OF_DEVELOPERS.test(call.getText())
}

function clip(text) {
  return text.replaceAll(/\s+/g, ' ').slice(0, 80)
}

/** Runs the tests of the nearest folder that has some, and returns whether one fails. */
function tryFault({ path, start, end, to }) {
  Object.assign(original, { path, text: readFileSync(path, 'utf8') })
  writeFileSync(path, original.text.slice(0, start) + to + original.text.slice(end))
  let folder = dirname(path.slice(ROOT.length + 1))
  while (folder !== '.' && !existsSync(join('test', folder))) folder = dirname(folder)
  const args = ['scripts/test.js', '--name', '.', `test/${folder}/`]
  const { status } = spawnSync(process.execPath, args, { timeout: LIMIT * 1000 })
  restore()
  original.path = ''
  return status !== 0
}

/** Mulberry32: the same faults for a seed. */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
