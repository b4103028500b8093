import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Io } from '../../src/cli/io.js'
import { type RunResult, assertQuiet, runBtkit } from './run-btkit.js'
import { makeScratch, plantFiles, type Files } from './scratch.js'
import { TRACKER } from './torrents.js'

/** A test or suite that can clean up. */
type Scope = Parameters<typeof makeScratch>[0]

/** A torrent in the report of `completedir --json`. */
export interface Change {
  readonly source: string
  readonly sourcePath: string
  readonly torrent: string
  readonly torrentPath: string
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly oldInfoHash: string | null
  readonly oldInfoHashV2: string | null
  readonly reason?: string
}

/** A list of checksums in the report of `completedir --json`. */
interface ListChange {
  readonly source: string
  readonly sourcePath: string
  readonly list: string
  readonly listPath: string
}

/** The report of `completedir --json`. */
export interface Report {
  readonly created: Change[]
  readonly updated: Change[]
  readonly adopted: Change[]
  readonly removed: Change[]
  readonly unchanged: number
  readonly failed: { source: string; sourcePath: string; code: string; message: string }[]
  readonly skipped: {
    source: string
    sourcePath: string
    torrent: string
    torrentPath: string
    reason: string
    pieceLength?: number
    path?: string
  }[]
  readonly checksumLists: {
    readonly created: ListChange[]
    readonly updated: ListChange[]
    readonly removed: ListChange[]
    readonly skipped: (ListChange & { readonly reason: string })[]
  }
  readonly kept: Record<string, number>
  readonly bytesHashed: number
  readonly bytesReused: number
  readonly seconds: number
  readonly dryRun: boolean
  readonly interrupted: boolean
}

/** A directory of sources, one for torrents, and a cache and state of their own. */
export class Mirror {
  readonly root: string
  readonly source: string
  readonly target: string
  readonly cache: string
  readonly state: string
  #fresh = 0

  constructor(
    scope: Scope,
    files: Files = {},
    disks: { target?: string; cache?: string; state?: string } = {},
  ) {
    this.root = makeScratch(scope)
    this.source = join(this.root, 'src')
    this.target = disks.target ?? join(this.root, 'out')
    this.cache = disks.cache ?? join(this.root, 'cache')
    this.state = disks.state ?? join(this.root, 'state')
    for (const directory of [this.source, this.target]) mkdirSync(directory, { recursive: true })
    plantFiles(this.source, files)
  }

  /** A mirror after its first run with these arguments. */
  static async made(scope: Scope, files: Files = {}, args?: readonly string[]): Promise<Mirror> {
    const mirror = new Mirror(scope, files)
    await mirror.report(args)
    return mirror
  }

  /** A path below the sources. */
  at(...path: string[]): string {
    return join(this.source, ...path)
  }

  /** The path of the torrent of an entry. */
  torrent(name: string): string {
    return join(this.target, `${name}.torrent`)
  }

  /** The paths of an entry as a report has them; all paths here are absolute. */
  paths(name: string): Pick<Change, 'source' | 'sourcePath' | 'torrent' | 'torrentPath'> {
    const [source, torrent] = [this.at(name), this.torrent(name)]
    return { source, sourcePath: source, torrent, torrentPath: torrent }
  }

  /** The names of all that is in the target. */
  list(): string[] {
    return readdirSync(this.target).sort()
  }

  /** The arguments of a run, for those who run btkit themselves. */
  args(args: readonly string[] = []): string[] {
    const places = [this.source, '--target', this.target, '--cache-dir', this.cache]
    return ['completedir', TRACKER, ...places, '--state-dir', this.state, '--no-date', ...args]
  }

  /**
   * Runs completedir inside the test, ten seconds ahead of the files' clock: what was written just
   * now would count as unsettled otherwise.
   */
  run(args: readonly string[] = [], world: Partial<Io> = {}): Promise<RunResult> {
    return runBtkit(this.args(args), { now: aheadOfFiles, ...world })
  }

  /** The same with `--json`, read. */
  async report(args: readonly string[] = [], world: Partial<Io> = {}): Promise<Report> {
    const { stdout, stderr } = await this.run(['--json', ...args], world)
    assert.match(stdout, /^\{.*\}\n$/, stderr)
    return JSON.parse(stdout) as Report
  }

  /** Makes sure that the torrents are those that a run without any memory makes elsewhere. */
  async checkAgainstFresh(args: readonly string[] = []): Promise<void> {
    const fresh = join(this.root, `fresh-${this.#fresh++}`)
    mkdirSync(fresh)
    const places = [this.source, '--target', fresh, '--state-dir', `${fresh}-state`]
    const rest = ['--no-date', '--no-cache', '--force', '--quiet', ...args]
    assertQuiet(await runBtkit(['completedir', TRACKER, ...places, ...rest]))
    assert.deepEqual(digestsIn(this.target), digestsIn(fresh))
  }
}

export function aheadOfFiles(): number {
  return Date.now() + 10_000
}

/** The names of the entries that changes are about. */
export function entriesOf(changes: readonly { source: string }[]): string[] {
  return changes.map(({ source }) => basename(source))
}

/** The digests of the torrents in a directory, by their names. */
export function digestsIn(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => name.endsWith('.torrent'))
  const digest = (name: string) =>
    createHash('sha1')
      .update(readFileSync(join(directory, name)))
      .digest('hex')
  return Object.fromEntries(names.sort().map((name) => [name, digest(name)]))
}
