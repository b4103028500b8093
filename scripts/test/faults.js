// The faults that a file of the program can have, each a change of its text.
import ts from 'typescript'

const { SyntaxKind: Kind } = ts

/** Operators by the kind of their fault, and what stands in for each. */
const OPERATORS = new Map([
  [Kind.LessThanToken, ['comparison', '<=']],
  [Kind.LessThanEqualsToken, ['comparison', '<']],
  [Kind.GreaterThanToken, ['comparison', '>=']],
  [Kind.GreaterThanEqualsToken, ['comparison', '>']],
  [Kind.EqualsEqualsEqualsToken, ['comparison', '!==']],
  [Kind.ExclamationEqualsEqualsToken, ['comparison', '===']],
  [Kind.AmpersandAmpersandToken, ['and/or', '||']],
  [Kind.BarBarToken, ['and/or', '&&']],
  [Kind.PlusToken, ['arithmetic', '-']],
  [Kind.MinusToken, ['arithmetic', '+']],
  [Kind.AsteriskToken, ['arithmetic', '/']],
  [Kind.SlashToken, ['arithmetic', '*']],
  [Kind.PlusEqualsToken, ['arithmetic', '-=']],
  [Kind.MinusEqualsToken, ['arithmetic', '+=']],
])

/** Methods that are taken for each other. */
const METHODS = new Map(
  [
    ['some', 'every'],
    ['startsWith', 'endsWith'],
    ['min', 'max'],
    ['push', 'unshift'],
    ['floor', 'ceil'],
  ].flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
)

/** Steps of a chain that may be forgotten. */
const STEPS = new Set(['filter', 'sort', 'toSorted', 'reverse', 'trim', 'slice', 'flat'])

/** Calls whose loss nobody but a developer sees. */
const OF_DEVELOPERS = /^(?:trace|super)\(|\.unref\(\)$/

/**
 * Returns the faults that a file can have: the kind of each, where it is, and the text in place of
 * what is there. `pick` chooses one of several fields.
 */
export function faultsOf(file, checker, pick) {
  const faults = []
  const add = (kind, node, after) => {
    const [start, end] = [node.getStart(), node.getEnd()]
    const line = file.getLineAndCharacterOfPosition(start).line + 1
    faults.push({ kind, line, start, end, before: node.getText(), after })
  }
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isImportDeclaration(node))
      return
    addFaults(node, add, checker, pick)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return faults
}

function addFaults(node, add, checker, pick) {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node))
    add('condition', node.expression, `!(${node.expression.getText()})`)
  if (ts.isIfStatement(node) && !node.elseStatement && leaves(node.thenStatement))
    add('guard dropped', node, '{}')
  if (ts.isConditionalExpression(node)) {
    const [condition, yes, no] = [node.condition, node.whenTrue, node.whenFalse]
    add('branches', node, `${condition.getText()} ? ${no.getText()} : ${yes.getText()}`)
  }
  if (ts.isExpressionStatement(node)) addLost(node, node.expression, add)
  if (node.kind === Kind.TrueKeyword) add('boolean', node, 'false')
  if (node.kind === Kind.FalseKeyword) add('boolean', node, 'true')
  if (ts.isNumericLiteral(node)) add('number', node, `${Number(node.text.replaceAll('_', '')) + 1}`)
  if (ts.isBinaryExpression(node)) {
    const [kind, other] = OPERATORS.get(node.operatorToken.kind) ?? []
    if (kind) add(kind, node.operatorToken, other)
    if (node.operatorToken.kind === Kind.QuestionQuestionToken)
      add('default dropped', node, node.left.getText())
  }
  if (!ts.isPropertyAccessExpression(node)) return
  const called = ts.isCallExpression(node.parent) && node.parent.expression === node
  const other = called && METHODS.get(node.name.text)
  if (other) add('method', node.name, other)
  if (called && STEPS.has(node.name.text))
    add('step dropped', node.parent, node.expression.getText())
  const field = called ? null : otherField(node, checker, pick)
  if (field) add('wrong field', node.name, field)
}

/** Whether a statement only leaves what is around it. */
function leaves(node) {
  const [only, more] = ts.isBlock(node) ? node.statements : [node]
  if (!only || more) return false
  return [
    Kind.ReturnStatement,
    Kind.ThrowStatement,
    Kind.ContinueStatement,
    Kind.BreakStatement,
  ].includes(only.kind)
}

function addLost(statement, expression, add) {
  const isAwaited = ts.isAwaitExpression(expression)
  const act = isAwaited ? expression.expression : expression
  const isCall = ts.isCallExpression(act) && !OF_DEVELOPERS.test(act.getText())
  if (isCall) add('call dropped', statement, ';')
  if (isCall && isAwaited) add('await forgotten', expression, `void ${act.getText()}`)
  const { FirstAssignment, LastAssignment } = Kind
  const isAssignment =
    ts.isBinaryExpression(expression) &&
    expression.operatorToken.kind >= FirstAssignment &&
    expression.operatorToken.kind <= LastAssignment
  if (isAssignment || ts.isPostfixUnaryExpression(expression))
    add('assignment dropped', statement, ';')
}

/** Another field of the same type that the value has; null if there is none. */
function otherField(node, checker, pick) {
  const type = checker.typeToString(checker.getTypeAtLocation(node))
  const fields = checker.getTypeAtLocation(node.expression).getProperties()
  if (fields.length > 40) return null
  const alike = fields.filter((field) => {
    if (field.name === node.name.text || !/^[a-z]\w*$/i.test(field.name)) return false
    return checker.typeToString(checker.getTypeOfSymbolAtLocation(field, node)) === type
  })
  return alike.length === 0 ? null : pick(alike).name
}
