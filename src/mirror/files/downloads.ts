import { asBtkitError, BtkitError } from '../../base/errors.js'
import { encodeName } from '../../base/percent.js'
import { warnOnce } from '../../base/warn-once.js'
import { LRUCache } from 'lru-cache'
import type { IncomingMessage } from 'node:http'
import { isRacy } from '../../disk/cache/trust.js'
import {
  DEVICE_OFFSET,
  encodeFingerprint,
  type Fingerprint,
} from '../../disk/file-lists/fingerprint.js'
import type { FileState, ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { Queue } from '../../server/admission/queue.js'
import type { ServiceOptions } from '../options.js'
import { isPlainRequest, viewAddress, type ViewName } from '../tree/address.js'
import { CORS } from '../../server/headers/cors.js'
import type { Look } from '../tree/below-root.js'
import { fileOf, MirrorView, toRefusal } from '../tree/mirror.js'
import { type LookedFile, openLater, openNow, type OpenedFile } from '../tree/open-looked.js'
import { takenViews } from '../tree/taken-views.js'
import {
  answerRanged,
  asRanged,
  etagOf,
  type Ranged,
  type RangedAnswer,
} from '../../server/headers/conditional.js'
import { NotReady, Refusal } from '../../server/headers/refusal.js'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import type { ServerContext } from '../../server/context.js'
import { isRaw } from '../../base/text/raw-path.js'
import { typeOfFile } from './media-type.js'
import { type OpenDownload, sendFile } from './send-file.js'
import { BufferPool, NOTHING } from '../../base/buffer-pool.js'

/** A client refuses the digest by a preference of 0 (RFC 9530, section 4). */
const DIGEST_UNWANTED = /(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|$)/

/** The views that describe a file, with their media types (RFC 8288, RFC 6249). */
const DESCRIPTIONS: readonly (readonly [view: ViewName, type: string])[] = [
  ['torrent', 'application/x-bittorrent'],
  ['meta4', 'application/metalink4+xml'],
]

/** Looks and reads are many and short, so they only wait for each other, in turns of clients. */
const UNLIMITED = { maxWaiting: Infinity, maxPerClient: Infinity, small: 0 }

/** Bytes of memory for files that are known: some 5,000, unless their addresses are long. */
const MEMORY = 16 * 1024 * 1024

/** Bytes that a known file takes beside its address. */
const KNOWN_COST = 3000

/** Milliseconds before an unknown digest is looked up again: another process may have made it. */
const DIGEST_FOR = 5000

/** Milliseconds after which a local file system gives another change another time. */
const CLOCK_TICK = 20

/** Most files of a failing disk that are reported. */
const MOST_TOLD = 20

/** Most looks at a file that others replace meanwhile. */
const TRIES = 5

/** A file of the mirror in one state, and its answers. */
interface KnownFile extends LookedFile {
  isFresh: boolean
  mayGrow: boolean
  /** Its answers, with Repr-Digest if it is known. */
  readonly ranged: Ranged
  readonly file: ScannedFile
  /** Whether it cannot change without a trace, so that it may be kept. */
  readonly isSettled: boolean
  /** When the digest was looked up, and how many were made here by then. */
  digestSeen: { readonly at: number; readonly made: number }
}

/**
 * Sends the files of a mirror. A file that was sent before is opened, checked and read in one call,
 * which waits for no disk if the kernel has all of it in memory; else in turns of clients. Without
 * turns of the looks, thousands of requests for missing files would keep all others waiting for
 * half a second.
 */
export class Downloads {
  /**
   * The files sent last, by address. The state of a file is compared when it is opened. Without it,
   * each request would look at the path, at the names of its views and into the file for its type.
   */
  readonly #known = new LRUCache<string, KnownFile>({
    maxSize: MEMORY,
    sizeCalculation: (_, address) => KNOWN_COST + address.length,
  })
  readonly #pool = new BufferPool()
  readonly #turns: Queue
  readonly #tell: ReturnType<typeof warnOnce>

  constructor(
    private readonly options: ServiceOptions,
    /**
     * The SHA-256 of whole files, as far as they are known without reading, and how many were made.
     */
    private readonly digests: {
      readonly known: (file: FileState) => Uint8Array | null
      readonly made: number
    },
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic' | 'warn'>,
  ) {
    this.#tell = warnOnce(clocks.warn, MOST_TOLD)
    this.#turns = new Queue({ ...UNLIMITED, limit: options.limits.maxReads })
  }

  /**
   * Answers a request for a file that was sent before and is in the same state; else returns false.
   * With `now`, answers only a plain request, and only if that has not to wait for a disk.
   */
  answerKnown(response: CountedResponse, when?: 'now'): boolean | Promise<boolean> {
    const known = this.#known.get(response.req.url ?? '')
    if (!known || (when && !isPlainRequest(response.req))) return false
    return this.#send(response, known, when)
  }

  /**
   * Looks up a path in its turn, and which of some names are beside it: by default those of the
   * views that describe it.
   * @throws Refusal
   */
  look(
    request: IncomingMessage,
    components: readonly string[],
    names = DESCRIPTIONS.map(([view]) => `${components.at(-1) ?? ''}.${view}`),
  ): Promise<Look> {
    const view = new MirrorView(this.options.mirror, true)
    return this.#inTurn(request, () => view.look(components, names))
  }

  /**
   * Answers a request for a file that was looked up.
   * @throws Refusal
   */
  async answer(
    response: CountedResponse,
    components: readonly string[],
    look: Look,
  ): Promise<void> {
    const { req: request } = response
    let current = look
    for (let tries = 0; tries < TRIES; tries++) {
      const known = await this.#learn(request, fileOf(components, current), current)
      if (known) known.mayGrow = tries > 0
      if (known && (await this.#send(response, known))) {
        Object.assign(known, { isFresh: false, mayGrow: false })
        const { url = '' } = request
        if (known.isSettled && !url.includes('?')) this.#known.set(url, known)
        return
      }
      current = await this.look(request, components)
    }
    throw new NotReady('the file changes while it is opened; try again in 5 s', 5)
  }

  /**
   * Sends a file if it is in the known state, and returns whether it does: at once what the kernel
   * has in memory, else from disk, in turn, unless that is not wanted now.
   */
  #send(response: CountedResponse, known: KnownFile, when?: 'now'): boolean | Promise<boolean> {
    const { req: request } = response
    this.#renewDigest(known)
    const wanted = request.headers['want-repr-digest']
    const isWanted = wanted === undefined || !DIGEST_UNWANTED.test([wanted].flat().join(','))
    const asked = answerRanged(request, known.ranged)
    const answer = isWanted ? asked : withoutDigest(asked)
    const { start, end } = answer.parts[0]?.range ?? NO_RANGE
    const length = Math.min(end - start, response.partLength)
    const isMore = length < end - start || answer.parts.length > 1
    const into = (buffer: Buffer) => {
      return { target: buffer.subarray(0, length), offset: start, isMore }
    }
    const buffer = this.#pool.take(length)
    const opened = openNow(known, into(buffer))
    if (opened) {
      this.#begin(response, answer, { known, opened, buffer })
      return true
    }
    this.#pool.give(buffer)
    if (when === 'now') return false
    return this.#readInTurn(request, known.file, async () => {
      // Many may wait for their turns, so none holds a buffer meanwhile
      const own = this.#pool.take(length)
      const later = await openLater(known, into(own))
      if (later) this.#begin(response, answer, { known, opened: later, buffer: own })
      else this.#pool.give(own)
      return later !== null
    })
  }

  /** Sends the header, and what follows it. */
  #begin(
    response: CountedResponse,
    { status, headers, parts, tail, line }: RangedAnswer,
    {
      known,
      opened,
      buffer,
    }: Pick<OpenDownload, 'buffer'> & { known: KnownFile; opened: OpenedFile },
  ): void {
    const own = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': line?.length }
    response.writeHead(status, line === null ? headers : { ...headers, ...own })
    if (line !== null) {
      response.endAtOnce(line)
    } else if (buffer === NOTHING) {
      response.end()
    } else if (opened.descriptor === null && !response.isLarge({ length: opened.bytesRead })) {
      response.endAtOnce(buffer.subarray(0, opened.bytesRead), () => {
        this.#pool.give(buffer)
      })
    } else {
      const inTurn = <T>(read: () => Promise<T>) => this.#readInTurn(response.req, known.file, read)
      const file = { ...opened, look: known.look, parts, tail, buffer }
      void sendFile(response, file, { pool: this.#pool, inTurn })
    }
  }

  /** Finds out what the answers for a file contain; null if it changes meanwhile. */
  async #learn(request: IncomingMessage, file: ScannedFile, look: Look): Promise<KnownFile | null> {
    const now = this.clocks.now()
    const type = await this.#readInTurn(request, file, () => typeOfFile(file))
    if (type === null) return null
    const { size, mtimeNs } = file.fingerprint
    const hasTorrent = size > 0 && !file.path.some(isRaw)
    const isSettled = !mayChangeUnseen(look, look.fingerprint, now)
    const headers = {
      'Content-Type': type,
      'X-Content-Type-Options': 'nosniff',
      ...(hasTorrent && { Link: await linksOf(file, look, new MirrorView(this.options.mirror)) }),
    }
    const isPast = Number(mtimeNs / 1_000_000n) <= now
    const validators = {
      etag: tagOf(look.fingerprint, isSettled),
      lastModified: isPast ? new Date(Number(mtimeNs / 1_000_000n)).toUTCString() : null,
      isDateWeak: isRacy(look.fingerprint, now, 'mtime'),
    }
    return {
      place: this.options.mirror,
      path: file.path.join('/'),
      look,
      isFresh: true,
      mayGrow: false,
      file,
      isSettled: isSettled && isPast && !mayChangeUnseen(look, look.parent, now),
      ranged: asRanged({ size, validators }, headers, this.options.cors ? CORS : {}),
      digestSeen: { at: -Infinity, made: 0 },
    }
  }

  /** Adds the digest of a whole file as soon as it is known (RFC 9530, section 3). */
  #renewDigest(known: KnownFile): void {
    const { at, made } = known.digestSeen
    const { headers } = known.ranged.whole
    if (headers['Repr-Digest'] !== undefined) return
    const now = this.clocks.monotonic()
    if (now - at < DIGEST_FOR && made === this.digests.made) return
    known.digestSeen = { at: now, made: this.digests.made }
    const digest = this.digests.known(known.file)
    if (digest === null) return
    headers['Repr-Digest'] = `sha-256=:${Buffer.from(digest).toString('base64')}:`
  }

  /**
   * Reads in turn. A disk that fails is reported once for each file.
   * @throws Refusal
   */
  #readInTurn<T>(
    request: IncomingMessage,
    { path, absolutePath }: ScannedFile,
    read: () => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(request, async () => {
      try {
        return await read()
      } catch (error) {
        const refusal = await toRefusal(error, path, this.options.mirror)
        const told = asBtkitError(error, absolutePath)
        if (refusal instanceof Refusal || !(told instanceof BtkitError)) throw refusal
        this.#tell(absolutePath, told.message)
        throw new NotReady('the file cannot be read now; try again in 60 s', 60)
      }
    })
  }

  #inTurn<T>(request: IncomingMessage, read: () => Promise<T>): Promise<T> {
    return this.#turns.run({ size: 0, client: this.options.clientAddresses.keyOf(request) }, read)
  }
}

const NO_RANGE = { start: 0, end: 0 }

/** Whether another change could leave the same state behind. */
function mayChangeUnseen({ waits }: Look, state: Fingerprint, now: number): boolean {
  return isRacy(state, waits !== 0 ? now + 2000 - CLOCK_TICK : now, 'full')
}

/**
 * The tag of a state. It differs if the file was replaced by one of the same size and time. A tag
 * of a state that may still change unseen is weak, and another one than later.
 */
function tagOf(state: Fingerprint, isSettled: boolean): string {
  const tag = etagOf(encodeFingerprint(state).subarray(0, DEVICE_OFFSET))
  return isSettled ? tag : `W/${tag.slice(0, -1)}-new"`
}

function withoutDigest(answer: RangedAnswer): RangedAnswer {
  const { 'Repr-Digest': _digest, ...headers } = answer.headers
  return { ...answer, headers }
}

/**
 * The Link header of an existing file, which names the views that describe it. The addresses are
 * relative, so that they are right behind proxies, too.
 * @throws Refusal
 */
async function linksOf({ path }: ScannedFile, look: Look, view: MirrorView): Promise<string> {
  const views = DESCRIPTIONS.map(([each]) => each)
  // Usually no file has the name of a view
  const taken = look.taken.length === 0 ? [] : await takenViews(view, path, views)
  const name = encodeName(path.at(-1) ?? '')
  const links = DESCRIPTIONS.map(([each, type]) => {
    return `<${viewAddress(name, each, taken.includes(each))}>; rel="describedby"; type="${type}"`
  })
  return links.join(', ')
}
