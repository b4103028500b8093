import { Command } from '@commander-js/extra-typings'
import {
  cacheDirOption,
  cacheTrustOption,
  openCacheAccess,
  cachePlace,
} from '../../arguments/cache-options.js'
import type { CommandContext } from '../../context.js'
import { engineFor, threadsOption } from '../../arguments/engine-options.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { byteRate, wholeNumber } from '../../arguments/values.js'
import { findTargets } from './request.js'
import { runVerify } from './run.js'
import { openCacheIfThere } from '../../../core/cache/access.js'
import type { TreeSource } from '../../../core/verify/bad-blocks.js'
import type { Io } from '../../io.js'

/** The command `verify`. */
export function defineVerify({ io, finish }: CommandContext) {
  return new Command('verify')
    .description('Check files against their torrents.')
    .usage('[options] <torrent> [path]\n       btkit verify [options] <torrent...>')
    .argument(
      '[torrent...]',
      'torrents, - for standard input; after a single one, the path of its content (default: beside it)',
    )
    .option('--data <directory>', 'holds the content of each torrent under its name')
    .option(
      '--files-from <list>',
      'check also the torrents that a file names, with a line or NUL after each; - reads standard input',
    )
    .option('--check-hashes <n>', '0: look at sizes alone; 1: read the files', wholeNumber(0, 1), 1)
    .option('--extra', 'name files that are no part of the torrent as well')
    .addOption(threadsOption())
    .option('--max-rate <size>', 'read no more bytes a second than that', byteRate)
    .option('--trust-cache', 'believe the piece cache of files that did not change', false)
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
    .option('--json', 'print a JSON object a line for each torrent')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .action(async (operands, options) => {
      const targets = await findTargets(operands, options, io)
      const engine = engineFor(options, io)
      const cacheAccess = await openCacheAccess({ ...options, cache: options.trustCache }, io)
      const trees = new TreeCache(options.cacheDir, io)
      const openTrees = () => trees.open()
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
 * The piece cache as a source of Merkle trees, opened when a piece is bad. It need not be trusted
 * for that: of a tree that leads to a torrent's root all digests are right.
 */
export class TreeCache {
  readonly #cacheDir: string | undefined
  readonly #io: Io
  #opened: ReturnType<typeof openCacheIfThere> | null = null

  constructor(cacheDir: string | undefined, io: Io) {
    this.#cacheDir = cacheDir
    this.#io = io
  }

  open(): Promise<TreeSource> {
    this.#opened ??= openCacheIfThere(cachePlace(this.#cacheDir, this.#io))
    return this.#opened
  }

  async close(): Promise<void> {
    const cache = await this.#opened
    await cache?.close()
  }
}
