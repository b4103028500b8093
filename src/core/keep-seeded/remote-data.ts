import pLimit from 'p-limit'
import { BtkitError } from '../../base/errors.js'
import { formatBytes } from '../../base/text/quantity.js'
import { shownUrl } from '../../base/text/secrets.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { RemoteAccess, RemoteFile } from '../remote/remote-file.js'
import { RemoteFault } from '../remote/remote-file.js'
import { checkPiece, planPieces } from '../verify/check-seeds.js'
import type { VerifyPlan } from '../verify/verify-torrent.js'
import { seedAddress, SeedReader } from '../verify/web-seed.js'

// Without this file a magnet link would need a seed that has the data of a static site on a disk.

/** Pieces that are read from servers at the same time. */
const READ_AT_ONCE = 4

/** Milliseconds after which a server that failed is asked again. */
const PAUSE = 30_000
/** The same for data that was not there or wrong. */
const LONG_PAUSE = 5 * 60_000

const DAY = 24 * 60 * 60_000

/** Data at a URL cannot be seeded; whoever looks for it again says so. */
export class RemoteDataFault extends BtkitError {}

/** The files of a torrent on a server, by their addresses. */
type RemoteFiles = ReadonlyMap<string, RemoteFile>

interface RemoteDataOptions {
  readonly access: RemoteAccess
  /** Most bytes that are read in a day; null for any number. */
  readonly perDay: number | null
  /** Milliseconds since any moment. */
  readonly monotonic: () => number
  /** Receives what is wrong with a server, or that it is right again, once. */
  readonly onChange: (message: string, isGood: boolean) => void
}

/** Data of torrents on servers, which is read piece by piece when peers ask for it. */
export class RemoteData {
  readonly #limited = pLimit(READ_AT_ONCE)
  /** By their origins, when servers that failed are asked again. */
  readonly #down = new Map<string, number>()
  /** By its address, why data is not seeded, and until when it is not asked for. */
  readonly #refused = new Map<string, { readonly problem: BtkitError; readonly until: number }>()
  #day = { since: -Infinity, bytes: 0, isTold: false }

  constructor(private readonly options: RemoteDataOptions) {}

  get access(): RemoteAccess {
    return this.options.access
  }

  /** Why the data at an address need not be asked for now; null if it is to be asked for. */
  refusalOf(address: string): BtkitError | null {
    const refused = this.#refused.get(address)
    if (refused && refused.until > this.options.monotonic()) return refused.problem
    this.#refused.delete(address)
    return null
  }

  /** Remembers for some minutes that data is not as it should be. Returns the problem. */
  refuse(address: string, problem: BtkitError): BtkitError {
    this.#refused.set(address, { problem, until: this.options.monotonic() + LONG_PAUSE })
    return problem
  }

  /**
   * Reads a piece, and hands on its bytes in order as they come. They count only if it resolves.
   * @throws RemoteDataFault if they are not those of the torrent; BtkitError `busy` if they cannot
   *   be read now
   */
  async readPiece(place: ServerPlace, piece: number, see: Receive): Promise<void> {
    const { address, plan, files } = place
    const { origin } = new URL(address)
    this.#requireUp(origin)
    const { size, pieceLength } = plan.content
    this.#spend(Math.min(pieceLength, size - piece * pieceLength))
    const access = { ...this.access, isOnce: true }
    const source = new SeedReader(access, (path) => files.get(place.addressOf(path)), see)
    try {
      const isRight = await this.#limited(() => checkPiece({ plan, piece }, source, access.signal))
      if (!isRight) throw new RemoteDataFault('changed', `${shownUrl(address)}: ${OTHER_BYTES}`)
      if (this.#down.delete(origin)) this.options.onChange(`${origin}: answers again`, true)
    } catch (error) {
      if (access.signal.aborted || !(error instanceof BtkitError)) throw error
      if (error instanceof RemoteFault && mayPass(error)) throw this.#fail(origin, error)
      const { code, message } = error
      throw this.refuse(address, new RemoteDataFault(code, message, { cause: error }))
    }
  }

  /** @throws BtkitError `busy` while a server that failed is not asked */
  #requireUp(origin: string): void {
    const until = this.#down.get(origin) ?? 0
    if (until > this.options.monotonic()) throw new BtkitError('busy', `${origin}: does not answer`)
  }

  #fail(origin: string, fault: RemoteFault): BtkitError {
    const isNew = !this.#down.has(origin)
    this.#down.set(origin, this.options.monotonic() + PAUSE)
    if (isNew) this.options.onChange(`${fault.message}; peers wait until it answers`, false)
    return new BtkitError('busy', fault.message, { cause: fault })
  }

  /** @throws BtkitError `busy` if so many more bytes would be too many for a day */
  #spend(bytes: number): void {
    const { perDay, monotonic, onChange } = this.options
    if (perDay === null) return
    const now = monotonic()
    if (now - this.#day.since >= DAY) this.#day = { since: now, bytes: 0, isTold: false }
    if (this.#day.bytes + bytes > perDay) {
      const limit = `--daily-limit ${formatBytes(perDay)}`
      if (!this.#day.isTold) onChange(`${limit}: is reached; peers wait until tomorrow`, false)
      this.#day.isTold = true
      throw new BtkitError('busy', `${limit}: is reached`)
    }
    this.#day.bytes += bytes
  }
}

/** Receives bytes in order. */
type Receive = (bytes: Uint8Array) => void

const OTHER_BYTES = 'its bytes are not those of the torrent'

/** Whether a server may answer otherwise in a moment. */
function mayPass({ kind, wait }: RemoteFault): boolean {
  return kind === 'unreachable' || wait !== null
}

/** The data of a torrent on a server, as it was when it was looked for. */
export class ServerPlace {
  readonly address: string
  readonly plan: VerifyPlan

  /**
   * @throws BtkitError `io` for pieces that cannot be checked, or a server that sends no parts
   */
  constructor(
    metainfo: Metainfo,
    url: string,
    readonly files: RemoteFiles,
  ) {
    this.address = seedAddress(url, metainfo)
    const plan = planPieces(metainfo)
    const shown = shownUrl(this.address)
    if (!plan) throw new BtkitError('io', `${shown}: its pieces are too long, or cannot be checked`)
    for (const { url: each, hasRanges, size } of files.values())
      if (!hasRanges && size !== 0)
        throw new BtkitError('io', `${shownUrl(each)}: its server sends no ranges`)
    this.plan = plan
  }

  /** The address of a file, by its path below the torrent as the plan has it. */
  addressOf(path: string): string {
    return this.plan.request.metainfo.isDirectory ? this.address + path : this.address
  }
}
