// In a process of its own: it closes its browser at the end
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { build } from 'esbuild'
import { parseMetainfo } from '../../src/library/metainfo.js'
import { openTab, unlessBrowser } from '../support/browser.js'
import { projectRoot } from '../support/programs.js'
import { serveLocally } from '../support/listen.js'

const TORRENT = 'test/golden/hybrid-directory.torrent'

/** The script of a page or worker, which answers with text. */
const SCRIPT = `
import { editTorrent, encodeBencode, lintMetainfo, magnetLink, parseMetainfo } from 'btkit/metainfo'
export async function look() {
  const bytes = new Uint8Array(await (await fetch('/torrent')).arrayBuffer())
  const metainfo = parseMetainfo(bytes)
  const edited = editTorrent(metainfo, { comment: 'Größe', trackers: 'http://a.example/announce' })
  let code = null
  try { parseMetainfo(new Uint8Array(3)) } catch (error) { code = error.code }
  const { infoHash, infoHashV2, name, warnings } = metainfo
  return JSON.stringify({
    infoHash, infoHashV2, name, warnings, code,
    files: metainfo.files.map(({ path }) => path),
    magnet: magnetLink(edited),
    comment: edited.comment,
    same: edited.infoHash === infoHash,
    findings: lintMetainfo(metainfo).map((each) => each.code),
    bencode: [...encodeBencode(new Map([['a', 1]]))].length,
    node: typeof globalThis.process,
  })
}`
const PAGE = `${SCRIPT}
globalThis.inPage = look
globalThis.inWorker = () => new Promise((resolve) => {
  const worker = new Worker('/worker.js', { type: 'module' })
  worker.onmessage = ({ data }) => resolve(data)
  worker.onerror = ({ message }) => resolve(message)
})`

test('btkit/metainfo works in pages and workers of a browser', unlessBrowser, async (t) => {
  const [page, worker] = [await bundle(PAGE), await bundle(`${SCRIPT}\nlook().then(postMessage)`)]
  const answers: Record<string, [type: string, body: string | Uint8Array]> = {
    '/': ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'],
    '/page.js': ['text/javascript', page],
    '/worker.js': ['text/javascript', worker],
    '/torrent': ['application/x-bittorrent', readFileSync(TORRENT)],
  }
  const port = await serveLocally(t, ({ url = '' }, response) => {
    const [type, body] = answers[url] ?? ['text/plain', '']
    response.writeHead(200, { 'Content-Type': type }).end(body)
  })
  const tab = await openTab(t)
  await tab.open(`http://127.0.0.1:${port}/`)
  const expected = parseMetainfo(readFileSync(TORRENT))
  for (const place of ['inPage', 'inWorker']) {
    const said = String(await tab.page.evaluate(`globalThis.${place}()`))
    const found = JSON.parse(said) as Record<string, unknown>
    assert.deepEqual(
      [found['infoHash'], found['infoHashV2'], found['name'], found['warnings']],
      [expected.infoHash, expected.infoHashV2, expected.name, expected.warnings],
    )
    assert.deepEqual(
      found['files'],
      expected.files.map(({ path }) => path),
    )
    assert.match(String(found['magnet']), /tr=http%3A%2F%2Fa\.example%2Fannounce/)
    assert.deepEqual(
      [found['comment'], found['same'], found['code'], found['bencode'], found['node']],
      ['Größe', true, 'bencode', 8, 'undefined'],
    )
  }
  assert.deepEqual(tab.faults, [])
})

/** Bundles a script as programs for browsers do. */
async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: projectRoot },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}
