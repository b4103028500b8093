// Finds tests that reach no assertion, themselves or by functions that tests share.
import { relative } from 'node:path'
import ts from 'typescript'

const { fileNames, options } = readProject('tsconfig.json')
const program = ts.createProgram(fileNames.filter(isTestFile), options)
const checker = program.getTypeChecker()

const found = program
  .getSourceFiles()
  .filter(({ fileName }) => isTestFile(fileName))
  .flatMap(find)
for (const { file, position } of found) {
  const { line } = file.getLineAndCharacterOfPosition(position)
  const place = `${relative('.', file.fileName)}:${line + 1}`
  console.log(`${place}: this test asserts nothing, so it can only fail by an exception`)
}
if (found.length > 0) process.exitCode = 1

function readProject(path) {
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile)
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, ' '))
  return ts.parseJsonConfigFileContent(config, ts.sys, '.')
}

function isTestFile(path) {
  return relative('.', path).startsWith('test/')
}

/** Returns the places of the tests of a file that assert nothing. */
function find(file) {
  const places = []
  const visit = (node) => {
    if (ts.isCallExpression(node) && isTest(node)) {
      // Without a body it stands for what is skipped
      const body = node.arguments.find(ts.isFunctionLike) ?? node.arguments.find(isFunction)
      if (body && !asserts(body, new Set())) places.push({ file, position: node.getStart() })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return places
}

/** Whether this calls node:test's `test` or `it`, or `test` of a test's context. */
function isTest(call) {
  const name = ts.isPropertyAccessExpression(call.expression)
    ? call.expression.name
    : call.expression
  if (!ts.isIdentifier(name) || !['test', 'it'].includes(name.text)) return false
  const [declaration] = declarationsOf(name)
  return declaration?.getSourceFile().fileName.endsWith('@types/node/test.d.ts') ?? false
}

function isFunction(node) {
  return checker.getTypeAtLocation(node).getCallSignatures().length > 0
}

/** Whether `node`, or a function of ours that it names, has something like `assert` in it. */
function asserts(node, seen) {
  // Most do so themselves, and names are slow to resolve
  return mentionsAssert(node) || reachesAssertion(node, seen)
}

function mentionsAssert(node) {
  if (ts.isIdentifier(node)) return node.text === 'assert'
  return ts.forEachChild(node, mentionsAssert) ?? false
}

function reachesAssertion(node, seen) {
  if (ts.isIdentifier(node)) return namesAssertion(node, seen)
  return ts.forEachChild(node, (child) => reachesAssertion(child, seen)) ?? false
}

function namesAssertion(identifier, seen) {
  return declarationsOf(identifier).some((declaration) => {
    if (seen.has(declaration) || !isOurs(declaration)) return false
    seen.add(declaration)
    return codeOf(declaration).some((code) => asserts(code, seen))
  })
}

function isOurs(declaration) {
  return isTestFile(declaration.getSourceFile().fileName)
}

/** Returns the code that runs when this is called or constructed. */
function codeOf(declaration) {
  if (ts.isClassLike(declaration)) return declaration.members.filter(ts.isConstructorDeclaration)
  return ts.isFunctionLike(declaration) || isFunction(declaration) ? [declaration] : []
}

function declarationsOf(identifier) {
  const symbol = checker.getSymbolAtLocation(identifier)
  if (symbol === undefined) return []
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
  return (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? []
}
