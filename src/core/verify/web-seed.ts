import pLimit from 'p-limit'
import { pathAt, sizeAt, type ContentStream } from '../../disk/hash/stream/content-stream.js'
import type { Resolved } from '../../disk/look/inside.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'
import { fileAddress } from '../../metainfo/trackers.js'
import { hashArriving, readInTurn, type FilePart } from '../digests/arriving.js'
import type { HashGroups } from '../digests/hash-groups.js'
import { readRemote } from '../remote/read-remote.js'
import {
  askRemote,
  RemoteFault,
  type RemoteAccess,
  type RemoteFile,
} from '../remote/remote-file.js'
import { Placing, type ContentSource, type LocatedContent } from './locate.js'

/** A link has no bytes that a server could send, so it is not asked for (BEP 47). */
const LINK: Resolved = { kind: 'link', target: '', isRight: true }

/** Questions to a server at once. */
const AT_ONCE = 8

/**
 * The URL of a torrent's files on a web seed (BEP 19), as clients build it; that of its only file.
 */
export function seedAddress(url: string, { isDirectory, name }: Metainfo): string {
  return isDirectory || url.endsWith('/') ? fileAddress(url.replace(/\/$/, ''), [name]) : url
}

/** Returns content that lies on a web seed, as far as the server describes it. */
export async function locateOnSeed(
  metainfo: Metainfo,
  url: string,
  { access, checkHashes }: { readonly access: RemoteAccess; readonly checkHashes: boolean },
): Promise<LocatedContent> {
  const known = new Map<string, RemoteFile>()
  let dead: RemoteFault | null = null
  let missed = 0
  const ask = async (address: string, { length }: MetainfoFile): Promise<Resolved> => {
    try {
      // Else each file would wait for a server that is not there
      if (dead) throw dead
      // Later questions to a server that is busy for long are not asked again
      const told = await askRemote(address, missed > 0 ? { ...access, isOnce: true } : access)
      missed = 0
      // Its whole body must have the size, and parts of it could not tell
      const file = told.size === null ? { ...told, size: length, hasRanges: false } : told
      known.set(address, file)
      if (told.size === null && !checkHashes)
        return { kind: 'unreadable', reason: 'the server does not tell its size' }
      if (told.size === null && length === 0) for await (const _ of readRemote(file, access));
      return remoteState(address, file.size ?? length)
    } catch (error) {
      if (!(error instanceof RemoteFault)) throw error
      if (error.code === 'not-found') return { kind: 'missing' }
      if (error.wait !== null && ++missed === AT_ONCE && error.kind === 'unreachable') dead = error
      return { kind: 'unreadable', reason: error.detail }
    }
  }
  const base = seedAddress(url, metainfo)
  const addressOf = ({ path }: MetainfoFile) => {
    return metainfo.isDirectory ? fileAddress(base, path) : base
  }
  const found = await pLimit(AT_ONCE).map([...streamedFiles(metainfo)], async (file) => {
    if (file.symlinkPath) return { file, found: LINK }
    return { file, found: file.padding ? undefined : await ask(addressOf(file), file) }
  })
  const placing = new Placing()
  for (const each of found) placing.add(each.file, each.found)
  const content = placing.end(metainfo, { path: base, isFile: !metainfo.isDirectory })
  const source = new SeedReader(access, (address) => known.get(address))
  return { ...content, source, known }
}

/** A file on a server, in the place of one on a disk. */
export function remoteState(address: string, size: number): Resolved {
  const fingerprint = { size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
  return { kind: 'file', path: address, fingerprint }
}

/** Reads content whose files are at URLs. */
export class SeedReader implements ContentSource {
  /** By the numbers of the files, which are not asked for again. */
  readonly faults = new Map<number, RemoteFault>()
  readonly hash: HashGroups
  #isDown = false

  /**
   * `fileOf` returns a file of so many bytes by its URL. A fault of a file that is asked once is
   * thrown. `see` receives all bytes in order, also those of padding.
   */
  constructor(
    private readonly access: RemoteAccess,
    private readonly fileOf: (url: string, size: number) => RemoteFile | undefined,
    see?: (bytes: Uint8Array) => void,
  ) {
    const read = readInTurn((part, stream) => this.#read(part, stream))
    this.hash = hashArriving(async function* (...args) {
      for await (const bytes of read(...args)) {
        see?.(bytes)
        yield bytes
      }
    })
  }

  async *#read(
    { number, start, end }: FilePart,
    stream: ContentStream,
  ): AsyncGenerator<Uint8Array> {
    const file = this.fileOf(pathAt(stream, number), sizeAt(stream, number))
    if (!file) return
    try {
      const fault = this.faults.get(number)
      if (fault) throw fault
      // A server that is down is not waited for again
      const isOnce = this.access.isOnce ?? this.#isDown
      for await (const bytes of readRemote(file, { ...this.access, isOnce }, [start, end])) {
        this.#isDown = false
        yield bytes
      }
    } catch (error) {
      if (!(error instanceof RemoteFault) || this.access.isOnce) throw error
      this.faults.set(number, error)
      this.#isDown = error.wait !== null
    }
  }
}
