import { usageError } from '../../../base/errors.js'
import type { PieceCache } from '../../../disk/cache/piece-cache.js'
import { remoteAccess } from '../../open/remote-access.js'
import { readList } from '../../open/torrent-input.js'
import { contentUrl, looksLikeUrl } from '../../../metainfo/trackers.js'
import {
  baseAddress,
  fetchList,
  remoteDirectory,
  remoteFile,
  type RemoteContent,
} from '../../../core/remote/remote-content.js'
import type { RemoteAccess } from '../../../core/remote/remote-file.js'
import { MAX_LIST, parseRemoteList } from '../../../core/remote/remote-list.js'
import type { Io } from '../../io.js'

/** Contents on servers by their addresses. */
export type RemoteContents = ReadonlyMap<string, RemoteContent>

interface RemoteOptions {
  readonly filesFrom?: string | undefined
  readonly baseUrl?: string | undefined
  readonly headerFile?: string | undefined
  readonly include: string[]
  readonly exclude: string[]
}

export interface AskingTools extends Pick<Io, 'signal' | 'stdin'>, Pick<RemoteAccess, 'onRetry'> {
  /** Null if no content will be read. */
  readonly openCache: (() => Promise<PieceCache>) | null
}

/** Whether the list of the options names files on a server. */
export function listsRemote({ filesFrom, baseUrl }: RemoteOptions): boolean {
  return baseUrl !== undefined || (filesFrom !== undefined && looksLikeUrl(filesFrom))
}

/**
 * Asks servers for the content that operands and options name. Only small files of a list may be
 * read.
 * @throws BtkitError `usage` if options contradict each other, and as fetchList
 */
export async function askContents(
  sources: readonly string[],
  options: RemoteOptions,
  { signal, stdin, onRetry, openCache }: AskingTools,
): Promise<RemoteContents> {
  const { filesFrom, baseUrl, headerFile } = options
  const access = remoteAccess(options, { signal, onRetry })
  const urls = sources.filter(looksLikeUrl)
  if (!listsRemote(options)) {
    if (headerFile !== undefined && urls.length === 0)
      throw usageError('--header-file: needs content at a URL')
    const asked = urls.map(async (url) => [url, await remoteFile(contentUrl(url), access)] as const)
    return new Map(await Promise.all(asked))
  }
  if (filesFrom === undefined) return new Map()
  const [other] = sources
  if (other !== undefined)
    throw usageError(`${other}: the content is what --files-from names on the server`)
  const list = await readEntries(filesFrom, baseUrl, { ...access, stdin })
  const cache = openCache ? await openCache() : null
  return new Map([[list.base, await remoteDirectory(list, options, access, cache)]])
}

async function readEntries(
  list: string,
  baseUrl: string | undefined,
  { stdin, ...access }: RemoteAccess & Pick<Io, 'stdin'>,
) {
  const base = baseUrl === undefined ? undefined : baseAddress(baseUrl, '--base-url')
  if (looksLikeUrl(list)) return fetchList(contentUrl(list), access, base)
  const name = list === '-' ? 'standard input' : list
  const bytes = await readList(list, stdin, MAX_LIST)
  return { entries: parseRemoteList(bytes, name), base: base ?? '' }
}
