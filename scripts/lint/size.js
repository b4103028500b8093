// Prints the number of tokens of each part. A token is one of TypeScript's, without comments, so
// joined lines and shorter comments change nothing.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const { FirstJSDocNode, LastJSDocNode } = ts.SyntaxKind
const PARTS = ['src', 'test', 'bench', 'scripts']
const cwd = fileURLToPath(new URL('../..', import.meta.url))
const list = ['ls-files', '-z', '--', ...PARTS]
const files = execFileSync('git', list, { cwd, encoding: 'utf8' })
  .split('\0')
  .filter((path) => /\.[cm]?[jt]s$/.test(path) && existsSync(`${cwd}/${path}`))
const parts = PARTS.map((part) => {
  const own = files.filter((path) => path.startsWith(`${part}/`))
  const tokens = own.reduce((sum, path) => sum + tokensIn(`${cwd}/${path}`), 0)
  return `${part} ${tokens.toLocaleString('en')}`
})
console.log(`tokens: ${parts.join(', ')}`)

function tokensIn(path) {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
  const count = (node) => {
    if (node.kind >= FirstJSDocNode && node.kind <= LastJSDocNode) return 0
    const children = node.getChildren(source)
    if (children.length === 0) return node.getWidth(source) > 0 ? 1 : 0
    return children.reduce((sum, child) => sum + count(child), 0)
  }
  return count(source)
}
