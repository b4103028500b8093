import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BtkitError } from '../../src/errors.js'
import { showJson } from '../../src/cli/commands/showmetainfo/views.js'
import { furtherLines, showText } from '../../src/cli/commands/showmetainfo/views.js'
import { lintMetainfo } from '../../src/metainfo/lint/metainfo.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { planVerify, verifyTorrent } from '../../src/core/verify/verify-torrent.js'
import { hashContext } from '../core/requests.js'
import { makeScratch } from '../support/scratch.js'
import { libtorrentVerdicts, type Verdict } from '../support/libtorrent-verdicts.js'
import { unlessLibtorrent } from '../support/peers.js'
import { goldenTorrent } from '../support/torrents.js'
import { mutate } from './v2-mutants.js'

const COUNT = 10_000
const SEEDS = ['v2-single', 'v2-directory', 'hybrid-directory'].map((name) => {
  return goldenTorrent(`${name}.torrent`)
})

/** The info hashes of a torrent in which lint finds no error; a reason for any other. */
function verdictOfBtkit(torrent: Uint8Array): Verdict {
  try {
    const metainfo = parseMetainfo(torrent)
    assert.ok(showJson(metainfo, 'x').endsWith('\n'))
    assert.ok(showText(metainfo, 'x') + furtherLines(metainfo))
    const error = lintMetainfo(metainfo).find(({ severity }) => severity === 'error')
    return error ? error.message : [metainfo.infoHash, metainfo.infoHashV2]
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return error.message
  }
}

test(`${COUNT} mutants of v2 torrents are checked against no data, or refused`, async (t) => {
  const path = makeScratch(t)
  for (let i = 0; i < COUNT; i += 1) {
    const mutant = mutate(SEEDS[i % SEEDS.length]!, i)
    await refusalOf(async () => {
      const metainfo = parseMetainfo(mutant)
      const place = { torrent: 'x', path, checkHashes: true, extra: false }
      const report = await verifyTorrent(await planVerify({ metainfo, ...place }), hashContext())
      assert.ok(!report.ok || metainfo.size === 0)
    })
  }
})

/** Runs the work, which a BtkitError may refuse; any other error is a fault. */
async function refusalOf(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
  }
}

test(
  `of ${COUNT} mutants of v2 torrents none that libtorrent refuses passes`,
  unlessLibtorrent,
  () => {
    const mutants = Array.from({ length: COUNT }, (_, i) => mutate(SEEDS[i % SEEDS.length]!, i))
    const theirs = libtorrentVerdicts(mutants)
    const accepted = mutants.filter((mutant, i) => {
      const ours = verdictOfBtkit(mutant)
      if (typeof ours === 'string') return false
      assert.deepEqual(theirs[i], ours, `mutant ${i}: ${Buffer.from(mutant).toString('latin1')}`)
      return true
    })
    assert.ok(accepted.length > COUNT / 20, `only ${accepted.length} mutants are torrents`)
  },
)
