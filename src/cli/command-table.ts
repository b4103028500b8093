import type { DefineCommand } from './context.js'

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Loads the command's module, and only that: a program that starts fast loads little. */
  readonly load: () => Promise<DefineCommand>
}

/** The subcommands, in the order in which the help lists them. */
export const commandTable: readonly CommandEntry[] = [
  {
    name: 'makemetafile',
    summary: 'make the torrent of a file or directory',
    load: async () => (await import('./commands/makemetafile/command.js')).defineMakemetafile,
  },
  {
    name: 'completedir',
    summary: 'make or update the torrents of all entries of directories',
    load: async () => (await import('./commands/completedir/command.js')).defineCompletedir,
  },
  {
    name: 'showmetainfo',
    summary: 'show what is in a torrent',
    load: async () => (await import('./commands/showmetainfo/command.js')).defineShowmetainfo,
  },
  {
    name: 'reannounce',
    summary: 'change the trackers of torrents',
    load: async () => (await import('./commands/reannounce/command.js')).defineReannounce,
  },
  {
    name: 'copyannounce',
    summary: 'give torrents the trackers of another',
    load: async () => (await import('./commands/copyannounce/command.js')).defineCopyannounce,
  },
  {
    name: 'sethttpseeds',
    summary: 'set or remove the HTTP seeds of torrents',
    load: async () => (await import('./commands/setseeds/sethttpseeds.js')).defineSethttpseeds,
  },
  {
    name: 'setwebseeds',
    summary: 'set or remove the web seeds of torrents',
    load: async () => (await import('./commands/setseeds/setwebseeds.js')).defineSetwebseeds,
  },
  {
    name: 'rename',
    summary: 'change the name in a torrent',
    load: async () => (await import('./commands/rename/command.js')).defineRename,
  },
  {
    name: 'edit',
    summary: 'change the comment, creator, date and the like',
    load: async () => (await import('./commands/edit/command.js')).defineEdit,
  },
  {
    name: 'verify',
    summary: 'check files against their torrent',
    load: async () => (await import('./commands/verify/command.js')).defineVerify,
  },
  {
    name: 'lint',
    summary: 'say what is wrong or unwise in a torrent',
    load: async () => (await import('./commands/lint/command.js')).defineLint,
  },
  {
    name: 'serve',
    summary: 'serve a mirror, with torrents of its files on demand',
    load: async () => (await import('./commands/serve/command.js')).defineServe,
  },
  {
    name: 'cache',
    summary: 'look after the piece cache',
    load: async () => (await import('./commands/cache/command.js')).defineCache,
  },
  {
    name: 'doctor',
    summary: 'say what this installation runs on, and how fast it hashes',
    load: async () => (await import('./commands/doctor/command.js')).defineDoctor,
  },
]
