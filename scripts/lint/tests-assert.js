import ts from 'typescript'

/** An eslint rule: a test must reach an assertion, itself or by functions that tests share. */
export const testsAssert = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { missing: 'This test asserts nothing, so it can only fail by an exception.' },
  },
  create(context) {
    const { program, esTreeNodeToTSNodeMap } = context.sourceCode.parserServices
    const checker = program.getTypeChecker()
    return {
      CallExpression(node) {
        const call = esTreeNodeToTSNodeMap.get(node)
        if (!isTest(checker, call)) return
        // Without a body it stands for what is skipped
        const body = call.arguments.find((argument) => isFunction(checker, argument))
        if (body && !asserts(checker, body, new Set())) {
          context.report({ node, messageId: 'missing' })
        }
      },
    }
  },
}

/** Whether this calls node:test's `test` or `it`, or `test` of a test's context. */
function isTest(checker, call) {
  const name = ts.isPropertyAccessExpression(call.expression)
    ? call.expression.name
    : call.expression
  if (!ts.isIdentifier(name) || !['test', 'it'].includes(name.text)) return false
  const [declaration] = declarationsOf(checker, name)
  return declaration?.getSourceFile().fileName.endsWith('@types/node/test.d.ts') ?? false
}

function isFunction(checker, node) {
  return checker.getTypeAtLocation(node).getCallSignatures().length > 0
}

/** Whether `node`, or a function of ours that it names, has something like `assert` in it. */
function asserts(checker, node, seen) {
  if (ts.isIdentifier(node)) return namesAssertion(checker, node, seen)
  return ts.forEachChild(node, (child) => asserts(checker, child, seen)) ?? false
}

function namesAssertion(checker, identifier, seen) {
  if (identifier.text === 'assert') return true
  return declarationsOf(checker, identifier).some((declaration) => {
    if (seen.has(declaration) || !isOurs(declaration)) return false
    seen.add(declaration)
    return codeOf(checker, declaration).some((code) => asserts(checker, code, seen))
  })
}

function isOurs(declaration) {
  return declaration.getSourceFile().fileName.includes('/test/')
}

/** Returns the code that runs when this is called or constructed. */
function codeOf(checker, declaration) {
  if (ts.isClassLike(declaration)) return declaration.members.filter(ts.isConstructorDeclaration)
  return ts.isFunctionLike(declaration) || isFunction(checker, declaration) ? [declaration] : []
}

function declarationsOf(checker, identifier) {
  const symbol = checker.getSymbolAtLocation(identifier)
  if (symbol === undefined) return []
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
  return (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? []
}
