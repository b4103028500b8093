import { noTorrent } from '../../line/operands.js'
import { withHashContext } from '../../open/engine.js'
import { namesClient } from '../../open/own-client.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { Report } from '../../output/report.js'
import { lostTorrent } from '../../output/torrent-json.js'
import { declareDownloadOptions } from './options.js'
import { runDownload } from './run-download.js'

const EXAMPLES = `
Examples:
  btkit download image.iso.torrent --output /srv/images/
  btkit download 'magnet:?xt=urn:btih:HASH&tr=http%3A%2F%2Ft.example%2Fa'`

export const command: CommandRecord = {
  group: 'Serve, seed and download',
  order: 60,
  summary: 'Download the files of a torrent and check them',
  example: 'image.iso.torrent',
  hasLongEnd: true,
  basics: 'output seed seed-ratio seed-time client max-download-rate json quiet',
  define: defineDownload,
}

function defineDownload({ io, typed, program, isLegacy }: CommandContext) {
  return declareDownloadOptions()
    .description('Download a torrent, check it, and seed it if requested.')
    .addHelpText('after', EXAMPLES)
    .action(async (torrent, options) => {
      const source = torrent ?? options.responsefile ?? options.url
      if (source === undefined) throw noTorrent()
      const out = new Report(options, io)
      const isNamed = namesClient(options.client, io)
      const untold = typed().filter(({ entry }) => entry.traits.isForOwnClient)
      if (isNamed && untold.length > 0) {
        const names = untold.map(({ entry }) => `--${entry.key}`)
        const why = 'ignored, because the client is already running'
        out.alert(`${names.join(', ')}: ${why}`)
      }
      // The legacy programs seed until they are interrupted
      const hasGoal = options.seedRatio !== undefined || options.seedTime !== undefined
      if (isLegacy && !hasGoal) options.seed = true
      const isTable = program.startsWith('btdownloadcurses')
      await withHashContext({ ...options, quiet: true }, io, (hashContext) => {
        const run = { source, isNamed, isTable, hashContext, out, io, options }
        return out.attempt(
          () => runDownload(run),
          (error) => lostTorrent(source, error),
        )
      })
    })
}
