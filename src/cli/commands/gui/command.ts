import { isTorrentName } from '../../../metainfo/name.js'
import { once } from 'node:events'
import { dirname, join, resolve } from 'node:path'
import { Command } from '../../acting-command.js'
import { usageError } from '../../../base/errors.js'
import { stateDirectory } from '../../../base/directories.js'
import { cachePathIfAny } from '../../open/cache.js'
import { usualClient } from '../../open/clients.js'
import { realPath } from '../../../disk/look/inside.js'
import { statIfThere } from '../../../disk/look/stat-files.js'
import { looksLikeMagnet } from '../../../metainfo/magnet.js'
import { adviseDownload } from '../../../base/text/no-download.js'
import { CACHE_DIR, NO_CACHE, stateDirOption } from '../../options/reading.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { OTHER_PORT, serverContext, withPortAdvice } from '../../open/server.js'
import { wholeNumber } from '../../options/values.js'
import { formPresets } from '../../configuration/form-presets.js'
import { spawn } from 'node:child_process'
import type { Io } from '../../io.js'
import { Report } from '../../output/report.js'

const EXAMPLES = `
Examples:
  btkit gui
  btkit gui --no-browser /srv/files
  btkit gui image.iso.torrent`

/** The pages that legacy programs begin with. */
const FIRST: Readonly<Record<string, string>> = {
  btmaketorrentgui: 'make',
  btcompletedirgui: 'complete',
}

export const command: CommandRecord = {
  group: 'Make and change torrents',
  order: 70,
  summary: 'Make, check and edit torrents in the browser',
  define: defineGui,
}

function defineGui({ io, program, configFile }: CommandContext) {
  return new Command('gui', { takes: 'directory' })
    .description('Make, check and edit torrents in the browser of this machine.')
    .argument(
      '[directory...]',
      'directories to offer (default: the current directory), or a torrent to show',
    )
    .opt('--no-browser', 'print the address only; start no browser')
    .opt(
      '--port <n>',
      `listen on this port of 127.0.0.1 (default: any free port). A tunnel of ssh(1) needs a port
        that is known before.`,
      { parse: wholeNumber(0, 65_535) },
    )
    .opt(...NO_CACHE)
    .opt(...CACHE_DIR)
    .opt(...stateDirOption('record the torrents of completed directories here'))
    .addHelpText('after', EXAMPLES)
    .action(async (directories, { browser, cache, ...options }) => {
      // The pages are not loaded for help and completion
      const [{ openGui }, { lookAt }] = await Promise.all([
        import('../../../pages/gui/open-gui.js'),
        import('../../../pages/gui/look.js'),
      ])
      const { env, isRoot } = io
      const paths = directories.map((path) => readable(path, io))
      // The page of a torrent comes first, and its directory is offered
      const torrent = paths.find((path) => !statIfThere(path)?.isDirectory())
      const places = paths.map((path) => (statIfThere(path)?.isDirectory() ? path : dirname(path)))
      const gui = await openGui({
        directory: io.cwd,
        places,
        presets: await formPresets(configFile(), io),
        cacheDirectory: cache ? cachePathIfAny(options.cacheDir, io) : null,
        stateDirectory: stateDirectory({ option: options.stateDir, env, isRoot }),
        client: usualClient(io),
        seedProgram: seedProgram(cache ? options.cacheDir : null),
        port: options.port ?? 0,
        first: torrent === undefined ? (FIRST[program] ?? null) : lookAt(torrent),
        runtimeDirectory: env['XDG_RUNTIME_DIR'] || undefined,
        ...serverContext(io),
      }).catch(withPortAdvice(OTHER_PORT))
      try {
        const hasBrowser = browser && (await startBrowser(gui.file, io))
        const how = hasBrowser ? 'The page opens in your browser; or open' : 'Open'
        const { text } = new Report({}, io)
        const again = `(works once; again: file://${gui.file})`
        text([`${how} ${gui.address} ${again}`, 'Close the page or press Ctrl-C to end.'])
        if (!io.signal.aborted) await Promise.race([gui.ended, once(io.signal, 'abort')])
        if (!io.signal.aborted) text(['The pages are closed, and btkit gui has ended.'])
      } finally {
        await gui.close()
      }
    })
}

/** A seed that ends with the pages is not worth a port of the router. */
const SEED = ['seed', '--port', '0', '--no-port-mapping']

/** The program that seeds what was made, on a free port; null if this program has no file. */
function seedProgram(cacheDir: string | null | undefined): string[] | null {
  const [, own] = process.argv
  const program = own === undefined ? null : realPath(own)
  if (program === null) return null
  const cache = cacheDir === null ? ['--no-cache'] : cacheDir ? ['--cache-dir', cacheDir] : []
  return [process.execPath, join(dirname(program), 'btkit.js'), ...SEED, ...cache]
}

/**
 * The absolute path of a directory, or of a torrent.
 * @throws BtkitError `usage`
 */
function readable(typed: string, { cwd }: Io): string {
  if (looksLikeMagnet(typed)) {
    throw usageError(
      `magnet link: the pages show torrents that are files; ${adviseDownload(typed)}`,
    )
  }
  const path = resolve(cwd, typed)
  const stats = statIfThere(path)
  if (stats?.isDirectory() || (isTorrentName(path) && stats?.isFile())) return path
  const makes = 'to make its torrent: btkit gui, then Create'
  throw usageError(
    stats
      ? `${path}: not a directory or a torrent; ${makes}`
      : `${path}: no such directory or torrent`,
  )
}

/**
 * Starts the user's browser with a file. Resolves to whether that began. The file's path may be
 * seen by everybody, so it must not be a secret.
 */
function startBrowser(file: string, { env }: Pick<Io, 'env'>): Promise<boolean> {
  const program = browserOf(env)
  if (program === null) return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn(program, [file], { stdio: 'ignore', detached: true })
    child.once('error', () => {
      resolve(false)
    })
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

/** The program that opens files; null without a desktop. */
function browserOf(env: Io['env']): string | null {
  if (process.platform === 'darwin') return 'open'
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? 'xdg-open' : null
}
