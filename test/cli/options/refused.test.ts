import { join } from 'node:path'
import { test } from 'node:test'
import { assertError, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../support/torrents.js'

const publish = (prefix: string) =>
  ['publish', '/x.torrent', '--client', 'deluge+http://h', '--data-prefix', prefix] as const
const PREFIX = 'must be two absolute directories separated by ='
const SITE = 'not a line of 1 to 60 characters without spaces around it'

for (const [args, why] of [
  ...['/a', '=/b', 'a=/b', '/a=b'].map((prefix) => [publish(prefix), PREFIX] as const),
  ...[' x', 'x ', 'x\n', 'x'.repeat(61)].map(
    (name) => [['serve', '/', '--site-name', name], SITE] as const,
  ),
] as const) {
  test(`${JSON.stringify(args)} is refused with what is wanted`, async () => {
    assertError(await runBtkit(args), 'usage', why)
  })
}

test('the first port of a range is not above the last one', async (t) => {
  const torrent = join(makeScratch(t, { x: torrentOf(singleFileInfo()) }), 'x')
  const args = ['seed', torrent, '--port', '7000', '--maxport', '6999']
  const why = '--port 7000: must not be above --maxport 6999'
  assertError(await runBtkit(args), 'usage', why)
})
