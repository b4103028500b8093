// Builds the scripts and styles of pages, and writes them as texts with their digests:
// dist/src/browser/texts.js.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const TEXTS = {
  PAGE_SCRIPT: 'page.ts',
  LISTING_SCRIPT: 'listing.ts',
  REFRESH_SCRIPT: 'refresh.ts',
  WINDOW_SCRIPT: 'window.ts',
  ADMIN_SCRIPT: 'admin.ts',
  PAGE_STYLE: 'page.css',
  LIST_STYLE: 'list.css',
  README_LIST_STYLE: 'readme-list.css',
  TRACKER_STYLE: 'tracker.css',
  WINDOW_STYLE: 'forms.css',
  ADMIN_STYLE: 'admin.css',
}

const { outputFiles } = await build({
  entryPoints: Object.values(TEXTS).map((name) => `src/browser/${name}`),
  outdir: 'dist/browser',
  bundle: true,
  // The package says that its modules do nothing when imported, as is true of all others
  ignoreAnnotations: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  charset: 'utf8',
  write: false,
})
const lines = Object.keys(TEXTS).map((name, at) => {
  const text = outputFiles[at].text.trim()
  const digest = `sha256-${createHash('sha256').update(text).digest('base64')}`
  return `export const ${name} = ${JSON.stringify({ text, digest })}\n`
})
mkdirSync('dist/src/browser', { recursive: true })
writeFileSync('dist/src/browser/texts.js', lines.join(''))
