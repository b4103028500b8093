// Makes a site of README.md and docs/ in the folder `site`, or in a folder given as argument. Fails
// if a link between them, or to a file of this repository, leads nowhere.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, normalize, relative } from 'node:path'
import MarkdownIt from 'markdown-it'

const target = process.argv[2] ?? 'site'
const STYLE = `
:root { color-scheme: light dark; --line: #8885; --soft: #8881; }
body { font: 1rem/1.6 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem 1.5rem 4rem; }
nav { border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0 1rem; padding-bottom: .5rem; }
pre, code { background: var(--soft); border-radius: 4px; font: .88em/1.5 ui-monospace, monospace; }
code { padding: .1em .3em; } pre { overflow-x: auto; padding: .8rem 1rem; } pre code { background: none; padding: 0; }
table { border-collapse: collapse; display: block; overflow-x: auto; } td, th { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
img { max-width: 100%; }
`

const sources = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter(
  (path) => path.endsWith('.md'),
)
const pages = new Map(sources.map((path) => [path, readPage(path)]))
/** Files of the repository that pages link to. */
const files = new Set()
const faults = [...pages.values()].flatMap(resolveLinks)
if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exitCode = 1
} else {
  writeSite()
}

/** A page's tokens, and the anchors of its headings as GitHub makes them. */
function readPage(path) {
  const tokens = new MarkdownIt({ html: true }).parse(readFileSync(path, 'utf8'), {})
  const anchors = new Set()
  tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return
    const base = slug(tokens[index + 1].content)
    let anchor = base
    for (let n = 1; anchors.has(anchor); n++) anchor = `${base}-${n}`
    anchors.add(anchor)
    token.attrSet('id', anchor)
  })
  const title = tokens.find(({ type }) => type === 'inline')?.content ?? path
  return { path, tokens, anchors, title }
}

function slug(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
}

/** Has a page's links lead to the site's pages and files; returns those that lead nowhere. */
function resolveLinks(page) {
  const inline = page.tokens.flatMap(({ children }) => children ?? [])
  return inline.flatMap((token) => {
    const name = { link_open: 'href', image: 'src' }[token.type]
    const link = name && token.attrGet(name)
    if (!link || /^[a-z]+:/.test(link)) return []
    const [path, anchor] = link.split('#')
    const to = path === '' ? page.path : normalize(join(dirname(page.path), decodeURI(path)))
    const linked = pages.get(to)
    if (to.startsWith('..') || !existsSync(to)) return [`${page.path}: ${link}: no such file`]
    if (anchor && !linked?.anchors.has(anchor)) return [`${page.path}: ${link}: no such heading`]
    if (!linked) files.add(to)
    const place = relative(dirname(page.path), addressOf(to)) || '.'
    token.attrSet(name, anchor ? `${place}#${anchor}` : place)
    return []
  })
}

function addressOf(path) {
  if (path === 'README.md') return 'index.html'
  if (pages.has(path)) return path.replace(/\.md$/, '.html')
  return statSync(path).isDirectory() ? join(path, 'index.html') : path
}

function writeSite() {
  rmSync(target, { recursive: true, force: true })
  for (const page of pages.values()) write(addressOf(page.path), render(page))
  for (const path of files) {
    if (statSync(path).isDirectory()) write(join(path, 'index.html'), listing(path))
    mkdirSync(dirname(join(target, path)), { recursive: true })
    cpSync(path, join(target, path), { recursive: true })
  }
  console.log(`${target}: ${pages.size} pages, ${files.size} linked files`)
}

function write(path, html) {
  mkdirSync(dirname(join(target, path)), { recursive: true })
  writeFileSync(join(target, path), html)
}

function render({ path, tokens, title }) {
  const body = new MarkdownIt({ html: true }).renderer.render(tokens, { html: true }, {})
  return layout({ path: addressOf(path), title, body })
}

function listing(folder) {
  const names = readdirSync(folder).filter((name) => extname(name) !== '')
  const items = names.map((name) => `<li><a href="${name}">${name}</a></li>`).join('\n')
  return layout({
    path: join(folder, 'x'),
    title: folder,
    body: `<h1>${folder}</h1><ul>${items}</ul>`,
  })
}

function layout({ path, title, body }) {
  const links = [...pages.keys()].map((each) => {
    const name = each === 'README.md' ? 'btkit' : basename(each, '.md')
    return `<a href="${relative(dirname(path), addressOf(each))}">${name}</a>`
  })
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style>
<nav>${links.join(' ')}</nav>
<main>${body}</main>
</html>
`
}
