import { constants } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'
import { BufferPool, NOTHING } from '../../base/buffer-pool.js'
import { asBtkitError, BtkitError } from '../../base/errors.js'
import { warnOnce } from '../../base/warn-once.js'
import type { FileState, ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { isSuspect } from '../../disk/look/read-names.js'
import { isOfKind } from '../../disk/look/stat-files.js'
import { Gate } from '../../server/admission/gate.js'
import type { CountedResponse } from '../../server/connections/counted-response.js'
import type { ServerContext } from '../../server/context.js'
import { answerRanged, type RangedAnswer } from '../../server/headers/conditional.js'
import { NotReady, Refusal } from '../../server/headers/refusal.js'
import type { ServiceOptions } from '../options.js'
import { isPlainRequest, namedView } from '../tree/address.js'
import { type Look, lookBelowNow } from '../tree/below-root.js'
import { fileOf, MirrorView, toRefusal } from '../tree/mirror.js'
import {
  openLater,
  openNow,
  type OpenedFile,
  closeFile,
  readBeginning,
  readBeginningNow,
} from '../tree/open-looked.js'
import { takenViews } from '../tree/taken-views.js'
import { describeFile, descriptionsOf, fileAddress, type KnownFile, VIEWS } from './known-file.js'
import { LOOKED_AT, mediaType } from './media-type.js'
import { LARGEST_PART, type OpenDownload, sendFile } from './send-file.js'

/** A client refuses the digest by a preference of 0 (RFC 9530, section 4). */
const DIGEST_UNWANTED = /(?:^|,)\s*sha-256\s*=\s*0\s*(?:,|$)/

/** Looks and reads are many and short, so they only wait for each other, in turns of clients. */
const UNLIMITED = { maxWaiting: Infinity, maxPerClient: Infinity }

/** Bytes of memory for files that are known: some 5,000, unless their addresses are long. */
const MEMORY = 16 * 1024 * 1024

/** Bytes that a known file takes beside its address. */
const KNOWN_COST = 3000

/** Milliseconds before an unknown digest is looked up again: another process may have made it. */
const DIGEST_FOR = 5000

/** Most files of a failing disk that are reported. */
const MOST_TOLD = 20

/** Most looks at a file that others replace meanwhile. */
const TRIES = 5

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
  /** The last look that waited. */
  #lastLook: Look | null = null
  readonly #pool = new BufferPool()
  readonly #places: Gate
  readonly #tell: ReturnType<typeof warnOnce>

  constructor(
    private readonly options: ServiceOptions,
    /**
     * The SHA-256 of whole files, as far as they are known without reading, and how many were made.
     */
    private readonly digests: {
      readonly known: (file: FileState) => { readonly digest: Uint8Array } | null
      readonly made: number
    },
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic' | 'warn'>,
  ) {
    this.#tell = warnOnce(clocks.warn, MOST_TOLD)
    this.#places = new Gate({ ...UNLIMITED, limit: options.limits.maxReads })
  }

  /**
   * Answers a request for a file that was sent before and is in the same state; else returns false.
   */
  async answerKnown(response: CountedResponse): Promise<boolean> {
    const known = this.#known.get(response.req.url ?? '')
    return known !== undefined && this.#send(response, known)
  }

  /**
   * Answers a plain request for a file, if neither the look at the file nor the answer has to wait
   * for a disk; else returns false.
   */
  answerNow(response: CountedResponse): boolean {
    const { url = '' } = response.req
    const before = this.#known.get(url)
    // Most requests for a view end here
    if ((!before && namedView(url)) || !isPlainRequest(response.req)) return false
    const known = before ?? this.#learnNow(url)
    if (!known || this.#send(response, known, 'now') !== true) return false
    if (!before) this.#keep(url, known)
    return true
  }

  /**
   * Looks up a path in its turn, and which of some names are beside it: by default those of the
   * views that describe it.
   * @throws Refusal
   */
  async look(
    request: IncomingMessage,
    components: readonly string[],
    names = descriptionsOf(components),
  ): Promise<Look> {
    const view = new MirrorView(this.options.mirror, true)
    const look = await this.#atGate(request, () => view.look(components, names))
    if (look.native) this.#lastLook = look
    return look
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
        this.#keep(request.url ?? '', known)
        return
      }
      current = await this.look(request, components)
    }
    throw new NotReady('the file changes while it is opened; try again in 5 s', 5)
  }

  #keep(url: string, known: KnownFile): void {
    Object.assign(known, { isFresh: false, mayGrow: false })
    if (known.isSettled && !url.includes('?')) this.#known.set(url, known)
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
    const length = Math.min(end - start, LARGEST_PART)
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
    return this.#readLater(request, known.file, async () => {
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
      const later = <T>(read: () => Promise<T>) => this.#readLater(response.req, known.file, read)
      const file = { ...opened, look: known.look, parts, tail, buffer }
      void sendFile(response, file, { pool: this.#pool, later })
    }
  }

  /** Finds out what the answers for a file contain; null if it changes meanwhile. */
  async #learn(request: IncomingMessage, file: ScannedFile, look: Look): Promise<KnownFile | null> {
    const now = this.clocks.now()
    const name = file.path.at(-1) ?? ''
    const read = () => this.#readBeginning(file, look)
    const type =
      mediaType(name, null) ?? mediaType(name, await this.#readLater(request, file, read))
    if (type === null) return null
    // Usually no file has the name of a view
    const isAlone = look.taken.length === 0
    const view = new MirrorView(this.options.mirror)
    const taken = isAlone ? [] : await takenViews(view, file.path, VIEWS)
    return describeFile(file, look, { type, taken, now }, this.options)
  }

  /** Reads the beginning of a file; null if it changes meanwhile. */
  async #readBeginning(file: ScannedFile, look: Look): Promise<Uint8Array | null> {
    if (!isSuspect(file.absolutePath)) return readBeginning(file, LOOKED_AT)
    // Node mangles the real path behind such a link
    const target = Buffer.alloc(Math.min(LOOKED_AT, look.fingerprint.size))
    const looked = { place: this.options.mirror, path: file.path.join('/'), look, isFresh: false }
    const opened = await openLater(looked, { target, offset: 0, isMore: false })
    if (opened?.descriptor != null) await closeFile(opened.descriptor)
    return opened && target.subarray(0, opened.bytesRead)
  }

  /**
   * Does the same for a file at an address, if nothing waits for a disk; null if something may. A
   * look that waited has told how the root is read.
   */
  #learnNow(url: string): KnownFile | null {
    const { options } = this
    const components = this.#lastLook && options.files ? fileAddress(url, options.mirror) : null
    if (!components || !this.#lastLook) return null
    const now = this.clocks.now()
    const names = descriptionsOf(components)
    const look = lookBelowNow(options.mirror, components, names, this.#lastLook)
    if (!look || !isOfKind(look, constants.S_IFREG) || !look.isReadable) return null
    if (look.taken.length > 0) return null
    const file = fileOf(components, look)
    const name = components.at(-1) ?? ''
    const looked = { place: options.mirror, path: components.join('/'), look }
    const type = mediaType(name, null) ?? mediaType(name, readBeginningNow(looked))
    return type === null ? null : describeFile(file, look, { type, taken: [], now }, options)
  }

  /** Adds the digest of a whole file as soon as it is known (RFC 9530, section 3). */
  #renewDigest(known: KnownFile): void {
    const { at, made } = known.digestSeen
    const { headers } = known.ranged.whole
    if (headers['Repr-Digest'] !== undefined) return
    const now = this.clocks.monotonic()
    if (now - at < DIGEST_FOR && made === this.digests.made) return
    known.digestSeen = { at: now, made: this.digests.made }
    const read = this.digests.known(known.file)
    if (read === null) return
    headers['Repr-Digest'] = `sha-256=:${Buffer.from(read.digest).toString('base64')}:`
  }

  /**
   * Reads in turn. A disk that fails is reported once for each file.
   * @throws Refusal
   */
  #readLater<T>(
    request: IncomingMessage,
    { path, absolutePath }: ScannedFile,
    read: () => Promise<T>,
  ): Promise<T> {
    return this.#atGate(request, async () => {
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

  #atGate<T>(request: IncomingMessage, read: () => Promise<T>): Promise<T> {
    return this.#places.run({ client: this.options.clientAddresses.keyOf(request) }, read)
  }
}

const NO_RANGE = { start: 0, end: 0 }

function withoutDigest(answer: RangedAnswer): RangedAnswer {
  const { 'Repr-Digest': _digest, ...headers } = answer.headers
  return { ...answer, headers }
}
