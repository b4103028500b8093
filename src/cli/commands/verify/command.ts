import { Command } from '@commander-js/extra-typings'
import { declareShareOptions, shareRequest } from '../../arguments/share-options.js'
import {
  cacheDirOption,
  cacheTrustOption,
  noCacheOption,
  openCacheAccess,
  openCacheOf,
} from '../../arguments/cache-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor, threadsOption } from '../../arguments/engine-options.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { maxRateOption } from '../../arguments/reading-options.js'
import { findTargets } from './request.js'
import { runVerify } from './run-verify.js'
import type { TreeSource } from '../../../core/verify/bad-blocks.js'
import type { Io } from '../../io.js'

const EXAMPLES = `
Examples:
  btkit verify image.iso.torrent
  btkit verify --data /srv/files --quiet /srv/torrents/*.torrent`

/** Defines the command `verify`. */
export function defineVerify({ io, finish }: CommandContext) {
  const command = new Command('verify')
    .description('Check files against their torrents.')
    .usage('[options] <torrent> [path]\n       btkit verify [options] <torrent...>')
    .argument(
      '[torrent...]',
      'torrents, or - for standard input; after a single one, the path of its content',
    )
    .optionsGroup('Content:')
    .option(
      '--data <directory>',
      'find the content in this directory (default: beside each torrent)',
    )
    .option(
      '--files-from <list>',
      'check also the torrents in a list, one per line or NUL-separated; - reads standard input',
    )
    .option('--no-check-hashes', 'check only sizes; read nothing')
    .option('--follow-symlinks', 'follow links that lead outside, too', false)
    .option('--extra', 'report files that are not part of the torrent, too')
    .optionsGroup('Reading and cache:')
    .addOption(threadsOption())
    .addOption(maxRateOption())
    .option('--trust-cache', 'use the piece cache for unchanged files', false)
    .addOption(noCacheOption().conflicts('trustCache'))
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
  return declareShareOptions(command)
    .optionsGroup('Output:')
    .option('--json', 'print one line of JSON for each torrent')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (operands, options, command) => {
      const targets = await findTargets(operands, options, io)
      const engine = engineFor(options, io)
      const share = options.trustCache ? await shareRequest(options, command, io) : null
      const used = { ...options, cache: options.trustCache, shareWith: share }
      const cacheAccess = await openCacheAccess(used, io)
      const trees = new TreeCache(options.cacheDir, io)
      const openTrees = options.cache ? () => trees.open() : undefined
      try {
        const hashContext = { engine, cacheAccess, openTrees }
        finish(await runVerify({ targets, options, hashContext, io }))
      } finally {
        await trees.close()
        await cacheAccess.cache.close()
      }
    })
}

/**
 * Merkle trees from the piece cache, which is opened when a piece is bad. The cache need not be
 * trusted: all digests of a tree that leads to the torrent's root are right.
 */
export class TreeCache {
  #opened: ReturnType<typeof openCacheOf> | null = null

  constructor(
    private readonly cacheDir: string | undefined,
    private readonly io: Io,
  ) {}

  open(): Promise<TreeSource> {
    this.#opened ??= openCacheOf(this.cacheDir, this.io)
    return this.#opened
  }

  async close(): Promise<void> {
    const cache = await this.#opened
    await cache?.close()
  }
}
