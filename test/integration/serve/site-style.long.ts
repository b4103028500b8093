// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startAdmin } from '../../support/admin.js'
import { checkPage, openTab, unlessBrowser } from '../../support/browser.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { goldenTorrent } from '../../support/torrents.js'
import { LISTED } from './accessibility.js'

// With BTKIT_PICTURES=DIRECTORY the pages are kept as pictures, among them that of the guide

/** The files that a guide's shell blocks write, of one ending. */
function filesIn(guide: string, ending: string): string[] {
  const text = readFileSync(join('docs', guide), 'utf8')
  const written = text.matchAll(/^cat > \S+\.(\w+) <<'END'\n([^]*?)^END$/gm)
  return [...written].filter(([, end]) => end === ending).map(([, , body = '']) => body)
}

const examples = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .flatMap((guide) => filesIn(guide, 'css').map((style) => ({ guide, style })))

/** Pages of a mirror, a tracker and its administration that have a style of their own. */
async function styledPages(t: TestContext, style: string): Promise<string[]> {
  const [header = ''] = filesIn('tracker.md', 'html')
  const place = makeScratch(t, { 'own.css': style, 'own.html': header })
  const own = ['--site-style', join(place, 'own.css'), '--site-header', join(place, 'own.html')]
  const named = [...own, '--site-name', 'Example Torrents']
  const mirror = await serveMirror(t, { files: LISTED, args: named })
  const torrent = goldenTorrent('hybrid-directory.torrent')
  const admin = await startAdmin(t, { files: { 'torrents/a/h.torrent': torrent }, args: named })
  const files = ['/pub/', '/-/view/pub/debian-13.9.iso.details', '/-/status', '/-/search?q=img']
  const tracker = ['/', '/catalogue/a/']
  return [
    ...tracker.map((path) => admin.tracker.address + path),
    ...files.map((path) => mirror.address + path),
    `${admin.pages}/login`,
  ]
}

test('a guide shows a style', () => {
  assert.ok(examples.length > 0)
})

for (const { guide, style } of examples) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const title = `all can read pages in the style of ${guide}, ${colorScheme}`
    test(title, unlessBrowser, async (t) => {
      const pages = await styledPages(t, style)
      const accents = new Set<unknown>()
      for (const width of [320, 1000]) {
        const tab = await openTab(t, { colorScheme, width })
        for (const [at, page] of pages.entries()) {
          assert.equal(await tab.open(page), 200)
          await checkPage(tab, `${page} ${width}`)
          accents.add(
            await tab.page.evaluate(
              `getComputedStyle(document.body).getPropertyValue('--accent').trim()`,
            ),
          )
          const pictures = process.env['BTKIT_PICTURES']
          const path = `${pictures}/own-style-${colorScheme}-${width}-${at}.png`
          if (pictures) await tab.page.screenshot({ path })
        }
      }
      const [light = '', dark = ''] = [...style.matchAll(/--accent: (#\w+)/g)].map(([, c]) => c)
      assert.deepEqual([...accents], [colorScheme === 'dark' ? dark : light])
    })
  }
}
