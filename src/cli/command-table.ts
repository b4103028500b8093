import type { DefineCommand } from './context.js'

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Other names that people try, which do the same; the help does not list them. */
  readonly aliases?: readonly string[]
  /** Arguments that show how it is used; null for a command that needs none. */
  readonly example: string | null
  /** Loads the command's module, and only that: a program that starts fast loads little. */
  readonly load: () => Promise<DefineCommand>
}

/** The subcommands, in the order in which the help lists them. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: 'makemetafile',
    summary: 'make the torrent of a file or directory',
    aliases: ['create', 'make'],
    example: 'image.iso http://tracker.example/announce',
    load: async () => (await import('./commands/makemetafile/command.js')).defineMakemetafile,
  },
  {
    name: 'completedir',
    summary: 'make or update the torrents of all entries of directories',
    example: 'http://tracker.example/announce /srv/files --target /srv/torrents',
    load: async () => (await import('./commands/completedir/command.js')).defineCompletedir,
  },
  {
    name: 'showmetainfo',
    summary: 'show what is in a torrent',
    aliases: ['show', 'info', 'dump'],
    example: 'image.iso.torrent',
    load: async () => (await import('./commands/showmetainfo/command.js')).defineShowmetainfo,
  },
  {
    name: 'reannounce',
    summary: 'change the trackers of torrents',
    example: 'http://tracker.example/announce *.torrent',
    load: async () => (await import('./commands/reannounce/command.js')).defineReannounce,
  },
  {
    name: 'copyannounce',
    summary: 'give torrents the trackers of another',
    example: 'good.torrent *.torrent',
    load: async () => (await import('./commands/copyannounce/command.js')).defineCopyannounce,
  },
  {
    name: 'sethttpseeds',
    summary: 'set or remove the HTTP seeds of torrents',
    example: 'http://mirror.example/seed.php *.torrent',
    load: async () => (await import('./commands/setseeds/command.js')).defineSethttpseeds,
  },
  {
    name: 'setwebseeds',
    summary: 'set or remove the web seeds of torrents',
    example: 'http://mirror.example/image.iso image.iso.torrent',
    load: async () => (await import('./commands/setseeds/command.js')).defineSetwebseeds,
  },
  {
    name: 'rename',
    summary: 'change the name in a torrent',
    example: 'image.iso.torrent image-2.iso',
    load: async () => (await import('./commands/rename/command.js')).defineRename,
  },
  {
    name: 'edit',
    summary: 'change the comment, creator, date and the like',
    example: "--comment 'Release 2' *.torrent",
    load: async () => (await import('./commands/edit/command.js')).defineEdit,
  },
  {
    name: 'convert',
    summary: 'turn a torrent into one of another version',
    example: 'image.iso.torrent /srv/mirror --hybrid',
    load: async () => (await import('./commands/convert/command.js')).defineConvert,
  },
  {
    name: 'verify',
    summary: 'check files against their torrent',
    aliases: ['check'],
    example: 'image.iso.torrent /srv/mirror',
    load: async () => (await import('./commands/verify/command.js')).defineVerify,
  },
  {
    name: 'lint',
    summary: 'say what is wrong or unwise in a torrent',
    example: '*.torrent',
    load: async () => (await import('./commands/lint/command.js')).defineLint,
  },
  {
    name: 'publish',
    summary: 'have a client seed torrents, without hashing again',
    example: 'image.iso.torrent --client transmission+http://127.0.0.1',
    load: async () => (await import('./commands/publish/command.js')).definePublish,
  },
  {
    name: 'withdraw',
    summary: 'take published torrents out of a client',
    example: 'image.iso.torrent --client transmission+http://127.0.0.1',
    load: async () => (await import('./commands/withdraw/command.js')).defineWithdraw,
  },
  {
    name: 'status',
    summary: 'say what clients seed, and what is missing there',
    example: null,
    load: async () => (await import('./commands/status/command.js')).defineStatus,
  },
  {
    name: 'launchmany',
    summary: 'keep all torrents below directories seeding',
    example: '/srv/torrents',
    load: async () => (await import('./commands/launchmany/command.js')).defineLaunchmany,
  },
  {
    name: 'download',
    summary: 'download a torrent, and check it',
    example: 'image.iso.torrent',
    load: async () => (await import('./commands/download/command.js')).defineDownload,
  },
  {
    name: 'serve',
    summary: 'serve a mirror, with torrents of its files on demand',
    example: '/srv/mirror --tracker http://tracker.example/announce',
    load: async () => (await import('./commands/serve/command.js')).defineServe,
  },
  {
    name: 'track',
    summary: 'track torrents over HTTP and UDP',
    example: '--allowed-dir /srv/torrents',
    load: async () => (await import('./commands/track/command.js')).defineTrack,
  },
  {
    name: 'cache',
    summary: 'look after the piece cache',
    example: 'stats',
    load: async () => (await import('./commands/cache/command.js')).defineCache,
  },
  {
    name: 'config',
    summary: 'show, check or begin the configuration',
    example: 'show',
    load: async () => (await import('./commands/config/command.js')).defineConfig,
  },
  {
    name: 'doctor',
    summary: 'say what this installation runs on, and how fast it hashes',
    example: null,
    load: async () => (await import('./commands/doctor/command.js')).defineDoctor,
  },
]

/** The command that has a name, or an alias. */
export function findCommand(name: string | undefined): CommandEntry | undefined {
  return commandTable.find((entry) => entry.name === name || entry.aliases?.includes(name ?? ''))
}
