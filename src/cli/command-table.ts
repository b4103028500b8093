import type { DefineCommand } from './context.js'

export interface CommandEntry {
  readonly name: string
  /** One line for the list of commands, beginning with a verb. */
  readonly summary: string
  /** The heading in that list, which is also used in btkit(1). */
  readonly group: string
  /** Other common names for the command. The help does not list them. */
  readonly aliases: readonly string[]
  /** Arguments for an example; null if the command needs none. */
  readonly example: string | null
  /** Loads only the module of this command, for a fast start. */
  readonly load: () => Promise<DefineCommand>
}

/**
 * Groups of commands, in the order of the help. A command has its name with other names, a summary,
 * and arguments for an example unless it needs none.
 */
const COMMANDS = `
Make torrents
  makemetafile, create, make | Create the torrent of a file or directory | image.iso http://tracker.example/announce
  completedir | Create and update the torrents of all entries of a directory | http://tracker.example/announce /srv/files --output /srv/torrents
  batch | Run many jobs of one file: make, complete, edit, publish | torrents.yaml
  convert | Convert a torrent to another version (v1, v2 or hybrid) | image.iso.torrent /srv/mirror --hybrid
  gui | Make, check and edit torrents in the browser
Serve and track
  serve | Serve a directory over HTTP; create torrents on request | /srv/mirror --tracker http://tracker.example/announce
  track | Run a tracker for HTTP and UDP | --allowed-dir /srv/torrents
  worker | Hash files for other machines | --queue redis://queue.example --share mirror=/srv/mirror --share-key-file share.key
Show and check
  showmetainfo, show, info, dump, inspect | Show what a torrent contains | image.iso.torrent
  verify, check | Check files against their torrent | image.iso.torrent /srv/mirror
  lint | Report errors and bad practice in torrents | *.torrent
  find | Find the data of torrents, also by other names | release.torrent --in /srv/files
  magnet | Print the magnet links of torrents | image.iso.torrent
  hash | Print only the info hashes of torrents | image.iso.torrent
  stats | Count torrents, their sizes, trackers and piece lengths | /srv/torrents
  scrape | Ask trackers for the seeds and leechers of torrents | image.iso.torrent
Change torrents
  edit, modify | Change the comment, creator, date and other fields | --comment 'Release 2' *.torrent
  reannounce | Change the trackers of torrents | http://tracker.example/announce *.torrent
  copyannounce | Copy the trackers of one torrent to others | good.torrent *.torrent
  sethttpseeds | Set or remove HTTP seeds (BEP 17) | http://mirror.example/seed.php *.torrent
  rename | Change the name in a torrent | image.iso.torrent image-2.iso
Seed and download
  seed | Seed torrents without another program | image.iso.torrent
  publish | Seed torrents in a client without hashing the files again | image.iso.torrent --client transmission+http://127.0.0.1
  withdraw | Remove published torrents from a client | image.iso.torrent --client transmission+http://127.0.0.1
  status | Show what clients seed and what is missing
  launchmany | Seed all torrents below directories | /srv/torrents
  download | Download the files of a torrent and check them | image.iso.torrent
Maintain
  admin | Manage the users of a tracker's administration | passwd alice --admin-users /var/lib/btkit-track/users
  cache | Inspect and clean the piece cache | stats
  queue | Show and clean the queue of files to hash | status --queue redis://queue.example
  config | Show, check or create the configuration | show
  presets | List the presets of the configuration
  completion | Print the completion script for bash, zsh or fish | bash
  doctor | Report how this installation hashes, and how fast
`

const LOADERS: Readonly<Record<string, CommandEntry['load']>> = {
  makemetafile: async () => (await import('./commands/makemetafile/command.js')).defineMakemetafile,
  completedir: async () => (await import('./commands/completedir/command.js')).defineCompletedir,
  batch: async () => (await import('./commands/batch/command.js')).defineBatch,
  convert: async () => (await import('./commands/convert/command.js')).defineConvert,
  gui: async () => (await import('./commands/gui/command.js')).defineGui,
  serve: async () => (await import('./commands/serve/command.js')).defineServe,
  track: async () => (await import('./commands/track/command.js')).defineTrack,
  worker: async () => (await import('./commands/worker/command.js')).defineWorker,
  showmetainfo: async () => (await import('./commands/showmetainfo/command.js')).defineShowmetainfo,
  verify: async () => (await import('./commands/verify/command.js')).defineVerify,
  lint: async () => (await import('./commands/lint/command.js')).defineLint,
  find: async () => (await import('./commands/find/command.js')).defineFind,
  magnet: async () => (await import('./commands/showmetainfo/command.js')).defineMagnet,
  hash: async () => (await import('./commands/showmetainfo/command.js')).defineHash,
  stats: async () => (await import('./commands/stats/command.js')).defineStats,
  scrape: async () => (await import('./commands/scrape/command.js')).defineScrape,
  edit: async () => (await import('./commands/edit/command.js')).defineEdit,
  reannounce: async () => (await import('./commands/edit/legacy-commands.js')).defineReannounce,
  copyannounce: async () => (await import('./commands/edit/legacy-commands.js')).defineCopyannounce,
  sethttpseeds: async () => (await import('./commands/edit/legacy-commands.js')).defineSethttpseeds,
  rename: async () => (await import('./commands/edit/legacy-commands.js')).defineRename,
  seed: async () => (await import('./commands/seed/command.js')).defineSeed,
  publish: async () => (await import('./commands/publish/command.js')).definePublish,
  withdraw: async () => (await import('./commands/withdraw/command.js')).defineWithdraw,
  status: async () => (await import('./commands/status/command.js')).defineStatus,
  launchmany: async () => (await import('./commands/launchmany/command.js')).defineLaunchmany,
  download: async () => (await import('./commands/download/command.js')).defineDownload,
  admin: async () => (await import('./commands/admin/command.js')).defineAdmin,
  cache: async () => (await import('./commands/cache/command.js')).defineCache,
  queue: async () => (await import('./commands/queue/command.js')).defineQueue,
  config: async () => (await import('./commands/config/command.js')).defineConfig,
  presets: async () => (await import('./commands/config/command.js')).definePresets,
  completion: async () => (await import('./commands/completion/command.js')).defineCompletion,
  doctor: async () => (await import('./commands/doctor/command.js')).defineDoctor,
}

/** The subcommands, in the order of the help. */
export const commandTable: readonly CommandEntry[] = entriesOf(COMMANDS)

function entriesOf(text: string): CommandEntry[] {
  let group = ''
  return text.split('\n').flatMap((line) => {
    const [names = '', summary, example = null] = line.trim().split(' | ')
    if (summary === undefined) {
      group = names || group
      return []
    }
    const [name = '', ...aliases] = names.split(', ')
    const load = LOADERS[name]
    if (!load) throw new Error(`no module of ${name}`)
    return [{ name, aliases, summary, example, group, load }]
  })
}

/** Finds a command by its name or an alias. */
export function findCommand(name = ''): CommandEntry | undefined {
  return commandTable.find((entry) => entry.name === name || entry.aliases.includes(name))
}
