import { Command } from '../../acting-command.js'
import { findData, indexFiles, linkData, type FoundDatum } from '../../../core/find/find-data.js'
import { type BtkitError, usageError } from '../../../base/errors.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { count } from '../../../base/text/quantity.js'
import { cacheAccessFor } from '../../open/cache.js'
import { THREADS } from '../../options/reading.js'
import { engineFor } from '../../open/engine.js'
import { eachTorrent, type ReadTorrent } from '../../open/torrent-input.js'
import { isDirectory, requireNames } from '../../line/operands.js'
import { byteRate, collect } from '../../options/values.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { Report } from '../../output/report.js'
import { torrentValue } from '../../output/torrent-json.js'
import { DIRECTORY } from '../../options/option.js'

const EXAMPLES = `
Examples:
  btkit find release.torrent --in /srv/files --in /mnt/old
  btkit find *.torrent --in /srv/files --link /srv/seeding`

export const command: CommandRecord = {
  group: 'Show and check',
  order: 40,
  summary: 'Find the data of torrents, also by other names',
  example: 'release.torrent --in /srv/files',
  define: defineFind,
}

function defineFind({ io, finish }: CommandContext) {
  return new Command('find', { takes: 'torrent' })
    .description('Find the data of torrents below directories, also by other names.')
    .argument(
      '<torrent...>',
      'torrents, or directories of them; - reads standard input; without --in, the last is the directory to search',
    )
    .opt('--in <directory>', 'search this directory (repeatable)', {
      ...DIRECTORY,
      ...collect,
    })
    .opt(
      '--link <directory>',
      `make hard links to the found files below this directory, with the torrent's names. A client
        can then seed them, and btkit-verify(1) accepts them. The directory must be on the same file
        system as the data. Stored links (BEP 47) become symbolic links, if they lead inside the
        torrent. Existing files are never replaced. Likely files are not linked. A link that fails
        does not stop the others. A program that writes to a hard link changes the data itself.`,
      DIRECTORY,
    )
    .opt(
      '--likely',
      `add copies of likely files to the links of --link. A client replaces the bytes of a copy that
        are wrong, and the original keeps them. A copy needs no space until then if the file system
        has reflinks, such as Btrfs and XFS.`,
      {
        needs: [{ oneOf: ['link'] }],
      },
    )
    .opt(...THREADS)
    .opt('--max-rate <size>', 'limit reading to this many bytes a second', { parse: byteRate })
    .opt(
      '--json',
      `print one JSON object a line for each torrent. It has *torrent*, *infoHash*, *infoHashV2*,
        *complete* and *files* (an array of objects with *path*, *length*, *status*, *found* and
        *unproven*); also *error* and *code*.`,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (operands, options) => {
      const last = operands.at(-1) ?? ''
      const isPlace = options.in.length === 0 && operands.length > 1 && isDirectory(last)
      const places = isPlace ? [last] : options.in
      const torrents = isPlace ? operands.slice(0, -1) : operands
      if (places.length === 0) {
        const what = operands.length > 1 ? `${last}: not a directory` : 'no directory'
        throw usageError(`${what} to search; name one behind the torrents, or with --in`)
      }
      requireNames([...places, ...(options.link === undefined ? [] : [options.link])], 'directory')
      const report = new Report(options, io)
      const onProblem = ({ message }: BtkitError) => {
        report.warn(message)
      }
      const index = await indexFiles(places, onProblem)
      const engine = engineFor(options, io)
      const cacheAccess = cacheAccessFor({ cache: false, cacheTrust: 'full' }, io)
      let incomplete = 0
      const found: { torrent: string; metainfo: Metainfo; data: FoundDatum[] }[] = []
      const look = async (torrent: string, read: ReadTorrent) => {
        const metainfo = await read()
        const data = await findData(
          { metainfo, torrent, index, onProblem },
          { engine, cacheAccess },
        )
        if (!data.every(isThere)) incomplete++
        if (options.link === undefined)
          report.line(valueOf(torrent, metainfo, data), linesOf(torrent, metainfo, data))
        else found.push({ torrent, metainfo, data })
      }
      const status = await eachTorrent(torrents, look, report, io)
      const { link: directory = '', likely = false } = options
      // A link changes the file's ctime, so that a later torrent would not trust the index
      const linkOne = async ({ torrent, metainfo, data }: (typeof found)[number]) => {
        report.text(linesOf(torrent, metainfo, data))
        await linkData(metainfo, data, { directory, likely })
        report.line(valueOf(torrent, metainfo, data))
        const left = likely ? 0 : data.filter(isLikely).length
        if (left > 0)
          report.note(
            `${torrent}: did not link ${count(left, 'likely file')}; --likely copies them`,
          )
      }
      const linked = await report.each(found, linkOne, ({ torrent, metainfo, data }, failure) => {
        return [valueOf(torrent, metainfo, data, failure)]
      })
      finish(incomplete > 0 ? 1 : status || linked)
    })
}

function isThere({ status }: FoundDatum): boolean {
  return status === 'found' || status === 'empty'
}

function isLikely({ status }: FoundDatum): boolean {
  return status === 'likely'
}

function pathOf({ name, isDirectory }: Metainfo, { file }: FoundDatum): string {
  return (isDirectory ? [name, ...file.path] : [name]).join('/')
}

function valueOf(
  torrent: string,
  metainfo: Metainfo,
  data: readonly FoundDatum[],
  failure: unknown = null,
) {
  const files = data.map((each) => {
    const { file, status, path, unproven } = each
    return { path: pathOf(metainfo, each), length: file.length, status, found: path, unproven }
  })
  const complete = data.every(isThere)
  return torrentValue(torrent, metainfo, { complete, files, failure })
}

function linesOf(torrent: string, metainfo: Metainfo, data: readonly FoundDatum[]): string[] {
  const found = data.filter(isThere).length
  const likely = data.filter(isLikely).length
  const lines = data.map((each) => {
    const { file, status, path, unproven } = each
    const where = path === null ? '' : `  ${path}`
    const bytes = unproven.reduce((sum, [from, to]) => sum + to - from, 0)
    const why = isLikely(each) ? `  (${bytes} of ${count(file.length, 'byte')} unproven)` : ''
    return `  ${status.padEnd(7)}  ${pathOf(metainfo, each)}${where}${why}`
  })
  const also = likely > 0 ? `, ${likely} likely` : ''
  return [`${torrent}: found ${found} of ${count(data.length, 'file')}${also}`, ...lines]
}
