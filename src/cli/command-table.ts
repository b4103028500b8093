import type { DefineCommand } from './context.js'

export interface CommandEntry {
  readonly name: string
  /** One line for the list of commands, beginning with a verb. */
  readonly summary: string
  /** The heading in that list, which is also used in btkit(1). */
  readonly group: string
  /** Other common names for the command. The help does not list them. */
  readonly aliases?: readonly string[]
  /** Arguments for an example; null if the command needs none. */
  readonly example: string | null
  /** Loads only the module of this command, for a fast start. */
  readonly load: () => Promise<DefineCommand>
}

/** The subcommands, in the order of the help. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: 'makemetafile',
    summary: 'Create the torrent of a file or directory',
    group: 'Make torrents',
    aliases: ['create', 'make'],
    example: 'image.iso http://tracker.example/announce',
    load: async () => (await import('./commands/makemetafile/command.js')).defineMakemetafile,
  },
  {
    name: 'completedir',
    summary: 'Create and update the torrents of all entries of a directory',
    group: 'Make torrents',
    example: 'http://tracker.example/announce /srv/files --output /srv/torrents',
    load: async () => (await import('./commands/completedir/command.js')).defineCompletedir,
  },
  {
    name: 'batch',
    summary: 'Run many jobs of one file: make, complete, edit, publish',
    group: 'Make torrents',
    example: 'torrents.yaml',
    load: async () => (await import('./commands/batch/command.js')).defineBatch,
  },
  {
    name: 'convert',
    summary: 'Convert a torrent to another version (v1, v2 or hybrid)',
    group: 'Make torrents',
    example: 'image.iso.torrent /srv/mirror --hybrid',
    load: async () => (await import('./commands/convert/command.js')).defineConvert,
  },
  {
    name: 'gui',
    summary: 'Make, check and edit torrents in the browser',
    group: 'Make torrents',
    example: null,
    load: async () => (await import('./commands/gui/command.js')).defineGui,
  },
  {
    name: 'serve',
    summary: 'Serve a directory over HTTP; create torrents on request',
    group: 'Serve and track',
    example: '/srv/mirror --tracker http://tracker.example/announce',
    load: async () => (await import('./commands/serve/command.js')).defineServe,
  },
  {
    name: 'track',
    summary: 'Run a tracker for HTTP and UDP',
    group: 'Serve and track',
    example: '--allowed-dir /srv/torrents',
    load: async () => (await import('./commands/track/command.js')).defineTrack,
  },
  {
    name: 'worker',
    summary: 'Hash files for other machines',
    group: 'Serve and track',
    example: '--queue redis://queue.example --share mirror=/srv/mirror --share-key-file share.key',
    load: async () => (await import('./commands/worker/command.js')).defineWorker,
  },
  {
    name: 'showmetainfo',
    summary: 'Show what a torrent contains',
    group: 'Show and check',
    aliases: ['show', 'info', 'dump'],
    example: 'image.iso.torrent',
    load: async () => (await import('./commands/showmetainfo/command.js')).defineShowmetainfo,
  },
  {
    name: 'verify',
    summary: 'Check files against their torrent',
    group: 'Show and check',
    aliases: ['check'],
    example: 'image.iso.torrent /srv/mirror',
    load: async () => (await import('./commands/verify/command.js')).defineVerify,
  },
  {
    name: 'lint',
    summary: 'Report errors and bad practice in torrents',
    group: 'Show and check',
    example: '*.torrent',
    load: async () => (await import('./commands/lint/command.js')).defineLint,
  },
  {
    name: 'find',
    summary: 'Find the data of torrents, also by other names',
    group: 'Show and check',
    example: 'release.torrent --in /srv/files',
    load: async () => (await import('./commands/find/command.js')).defineFind,
  },
  {
    name: 'magnet',
    summary: 'Print the magnet links of torrents',
    group: 'Show and check',
    example: 'image.iso.torrent',
    load: async () => (await import('./commands/showmetainfo/command.js')).defineMagnet,
  },
  {
    name: 'hash',
    summary: 'Print only the info hashes of torrents',
    group: 'Show and check',
    example: 'image.iso.torrent',
    load: async () => (await import('./commands/showmetainfo/command.js')).defineHash,
  },
  {
    name: 'stats',
    summary: 'Count torrents, their sizes, trackers and piece lengths',
    group: 'Show and check',
    example: '/srv/torrents',
    load: async () => (await import('./commands/stats/command.js')).defineStats,
  },
  {
    name: 'scrape',
    summary: 'Ask trackers for the seeds and leechers of torrents',
    group: 'Show and check',
    example: 'image.iso.torrent',
    load: async () => (await import('./commands/scrape/command.js')).defineScrape,
  },
  {
    name: 'edit',
    summary: 'Change the comment, creator, date and other fields',
    group: 'Change torrents',
    example: "--comment 'Release 2' *.torrent",
    load: async () => (await import('./commands/edit/command.js')).defineEdit,
  },
  {
    name: 'reannounce',
    summary: 'Change the trackers of torrents',
    group: 'Change torrents',
    example: 'http://tracker.example/announce *.torrent',
    load: async () => (await import('./commands/edit/legacy-commands.js')).defineReannounce,
  },
  {
    name: 'copyannounce',
    summary: 'Copy the trackers of one torrent to others',
    group: 'Change torrents',
    example: 'good.torrent *.torrent',
    load: async () => (await import('./commands/edit/legacy-commands.js')).defineCopyannounce,
  },
  {
    name: 'setwebseeds',
    summary: 'Set or remove web seeds (BEP 19)',
    group: 'Change torrents',
    example: 'http://mirror.example/image.iso image.iso.torrent',
    load: async () => (await import('./commands/edit/legacy-commands.js')).defineSetwebseeds,
  },
  {
    name: 'sethttpseeds',
    summary: 'Set or remove HTTP seeds (BEP 17)',
    group: 'Change torrents',
    example: 'http://mirror.example/seed.php *.torrent',
    load: async () => (await import('./commands/edit/legacy-commands.js')).defineSethttpseeds,
  },
  {
    name: 'rename',
    summary: 'Change the name in a torrent',
    group: 'Change torrents',
    example: 'image.iso.torrent image-2.iso',
    load: async () => (await import('./commands/edit/legacy-commands.js')).defineRename,
  },
  {
    name: 'publish',
    summary: 'Seed torrents in a client without hashing the files again',
    group: 'Seed and download',
    example: 'image.iso.torrent --client transmission+http://127.0.0.1',
    load: async () => (await import('./commands/publish/command.js')).definePublish,
  },
  {
    name: 'withdraw',
    summary: 'Remove published torrents from a client',
    group: 'Seed and download',
    example: 'image.iso.torrent --client transmission+http://127.0.0.1',
    load: async () => (await import('./commands/withdraw/command.js')).defineWithdraw,
  },
  {
    name: 'status',
    summary: 'Show what clients seed and what is missing',
    group: 'Seed and download',
    example: null,
    load: async () => (await import('./commands/status/command.js')).defineStatus,
  },
  {
    name: 'launchmany',
    summary: 'Seed all torrents below directories',
    group: 'Seed and download',
    example: '/srv/torrents',
    load: async () => (await import('./commands/launchmany/command.js')).defineLaunchmany,
  },
  {
    name: 'download',
    summary: 'Download the files of a torrent and check them',
    group: 'Seed and download',
    example: 'image.iso.torrent',
    load: async () => (await import('./commands/download/command.js')).defineDownload,
  },
  {
    name: 'admin',
    summary: "Manage the users of a tracker's administration",
    group: 'Maintain',
    example: 'passwd alice --admin-users /etc/btkit/users',
    load: async () => (await import('./commands/admin/command.js')).defineAdmin,
  },
  {
    name: 'cache',
    summary: 'Inspect and clean the piece cache',
    group: 'Maintain',
    example: 'stats',
    load: async () => (await import('./commands/cache/command.js')).defineCache,
  },
  {
    name: 'queue',
    summary: 'Show and clean the queue of files to hash',
    group: 'Maintain',
    example: 'status --queue redis://queue.example',
    load: async () => (await import('./commands/queue/command.js')).defineQueue,
  },
  {
    name: 'config',
    summary: 'Show, check or create the configuration',
    group: 'Maintain',
    example: 'show',
    load: async () => (await import('./commands/config/command.js')).defineConfig,
  },
  {
    name: 'presets',
    summary: 'List the presets of the configuration',
    group: 'Maintain',
    example: null,
    load: async () => (await import('./commands/presets/command.js')).definePresets,
  },
  {
    name: 'completion',
    summary: 'Print the completion script for bash, zsh or fish',
    group: 'Maintain',
    example: 'bash',
    load: async () => (await import('./commands/completion/command.js')).defineCompletion,
  },
  {
    name: 'doctor',
    summary: 'Report how this installation hashes, and how fast',
    group: 'Maintain',
    example: null,
    load: async () => (await import('./commands/doctor/command.js')).defineDoctor,
  },
]

/** Finds a command by its name or an alias. */
export function findCommand(name: string | undefined): CommandEntry | undefined {
  return commandTable.find((entry) => entry.name === name || entry.aliases?.includes(name ?? ''))
}
