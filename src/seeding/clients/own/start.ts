import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, writeFileSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, delimiter, isAbsolute } from 'node:path'
import { BtkitError, callSystem } from '../../../base/errors.js'
import { mayAccess } from '../../../disk/look/stat-files.js'
import { clientPrograms, type ClientProgram, type OwnClientSettings } from './programs.js'

/** A client that btkit started for itself. */
export interface OwnClient {
  readonly program: string
  /** The directory of its files. */
  readonly directory: string
  /** Whether it announces the given address to trackers. */
  readonly announcesAddress: boolean
  /** Whether it downloads from web seeds. */
  readonly takesWebSeeds: boolean
  /** Advice for the case that it finds no seed; null if there is none. */
  readonly advice: string | null
  /** Its address with the password. The client may take a moment before it answers. */
  readonly url: string
  /** Resolves when it has ended for any reason and its directory is removed. */
  readonly ended: Promise<void>
  /** Stops it, and resolves when it has ended. */
  readonly stop: () => Promise<void>
}

/**
 * A shell script that runs the client and then removes its directory. It ends the client when
 * standard input closes. The system closes the pipe of a killed process, so the client never
 * outlives btkit.
 */
const SUPERVISOR = `
directory=$1
signal=$2
shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
client=$!
{ read -r _ <&3; kill -"$signal" "$client"; sleep 10; kill -9 "$client"; } 2>/dev/null &
watch=$!
exec 3<&-
wait "$client"
kill "$watch"
rm -rf -- "$directory"
`

/**
 * Starts a client only for btkit, with its own directory, ports and password. Its remote control is
 * only reachable from this machine.
 *
 * @param env its PATH is searched for programs
 * @throws BtkitError `not-found` if none of the programs is installed
 */
export async function startOwnClient(
  settings: OwnClientSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OwnClient> {
  const { found, path, advice } = chooseProgram(env['PATH'], settings)
  const directory = makeDirectory()
  const { files, args, url, env: more } = await found.prepare(directory, settings)
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content, { mode: 0o600 })
  }
  const child = spawn(
    '/bin/sh',
    ['-c', SUPERVISOR, 'sh', directory, found.endSignal, path, ...args],
    {
      cwd: directory,
      env: { PATH: env['PATH'], HOME: directory, LC_ALL: 'C.UTF-8', ...more },
      // Ctrl-C in the terminal is for btkit, which then stops the client
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  )
  const { program, announcesAddress, takesWebSeeds } = found
  const abilities = { announcesAddress, takesWebSeeds, advice }
  return { program, directory, ...abilities, url, ...endingOf(child) }
}

function endingOf(child: ChildProcess): Pick<OwnClient, 'ended' | 'stop'> {
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve()
    })
    child.once('error', () => {
      resolve()
    })
  })
  child.stdin?.on('error', () => undefined)
  const stop = () => {
    child.stdin?.destroy()
    return ended
  }
  return { ended, stop }
}

/** A program that is installed, with its path. */
interface FoundProgram {
  readonly found: ClientProgram
  readonly path: string
}

/** Chooses the first program that fulfils most wishes; the first wish is the most important one. */
function chooseProgram(
  searchPath: string | undefined,
  { asksMetadata, opensHybrids, takesWebSeeds, isLocal, ip }: OwnClientSettings,
): FoundProgram & Pick<OwnClient, 'advice'> {
  const installed = clientPrograms.flatMap((found) => {
    const path = findProgram(found.program, searchPath)
    return path === null ? [] : { found, path }
  })
  const wishes: ((program: FoundProgram) => boolean)[] = [
    ({ found, path }) =>
      (found.asksAsLeecher || !asksMetadata) && (!opensHybrids || found.opensHybrids(path)),
    ({ found }) => found.takesWebSeeds || !takesWebSeeds,
    ({ found }) => found.connectsLocally || !isLocal,
    ({ found }) => found.announcesAddress || ip === undefined,
  ]
  const suitable = wishes.reduce((left, isWanted) => {
    const better = left.filter(isWanted)
    return better.length > 0 ? better : left
  }, installed)
  const [chosen] = suitable
  if (chosen) {
    const isBest = installed.some(({ found }) => found === clientPrograms[0])
    return { ...chosen, advice: isBest ? null : (chosen.found.advice ?? null) }
  }
  const names = clientPrograms.map(({ program }) => program).join(', ')
  throw new BtkitError(
    'not-found',
    `no client found; install one of ${names}, or name a running one with --client`,
  )
}

function makeDirectory(): string {
  const prefix = join(tmpdir(), 'btkit-')
  return callSystem(prefix, () => mkdtempSync(prefix))
}

/** Returns the path of a program in a directory of PATH; null if it is not found. */
function findProgram(name: string, path: string | undefined): string | null {
  const directories = (path ?? '').split(delimiter).filter((directory) => isAbsolute(directory))
  const paths = directories.map((directory) => join(directory, name))
  return paths.find((each) => mayAccess(each, constants.X_OK)) ?? null
}
