import { once } from 'node:events'
import { statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { callWithin, type CallLimits } from '../../base/bounded-call.js'
import type { ClientTorrent, TorrentClient } from '../../core/publish/client.js'
import { checkSocketPath, makeDirectory, removeFile } from '../../base/directories.js'
import { BtkitError, osCodeOf, refuseAborted } from '../../base/errors.js'
import { readNames } from '../../disk/look/read-names.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { jsonLine } from '../../base/text/escape.js'
import {
  asInfoHash,
  asNumber,
  asObject,
  asText,
  collectAnswer,
  type JsonObject,
} from './http-call.js'

/** A `btkit seed` that can be asked for its torrents. */
export type RunningSeed = Pick<TorrentClient, 'label' | 'version' | 'list' | 'trackerFailures'>

/** A seed's answer. */
interface SeedReport {
  readonly port: number
  readonly version: string
  readonly torrents: readonly ClientTorrent[]
}

/**
 * Lets other programs of the same user ask a seed for its torrents, at a socket in a directory.
 * Returns a function that ends it. Throws system errors unchanged.
 * @throws BtkitError `usage` if the path is too long, and as removeFile
 */
export async function answerStatus(
  directory: string,
  report: () => SeedReport,
): Promise<() => void> {
  const path = checkSocketPath(join(directory, `seed-${process.pid}.sock`))
  makeDirectory(directory, 0o700)
  removeFile(path)
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end(jsonLine(report()))
  })
  await once(server.listen(path).unref(), 'listening')
  return () => server.close()
}

/**
 * Finds the seeds that run. The sockets of those that were killed are removed. A socket of another
 * user counts only for root, and if that user owns the directory: systemd made it for a service.
 * @throws BtkitError `unreachable` if one does not answer, `interrupted`, and as removeFile
 */
export async function findSeeds(directory: string, limits: CallLimits): Promise<RunningSeed[]> {
  const seeds: RunningSeed[] = []
  for (const path of socketsIn(directory)) {
    try {
      const { port, version, torrents } = await callWithin(limits, (signal) => ask(path, signal))
      seeds.push({
        label: `btkit seed on port ${port}`,
        version: () => Promise.resolve(`btkit ${version}`),
        list: () => Promise.resolve(torrents),
      })
    } catch (error) {
      refuseAborted(limits.signal)
      const code = osCodeOf(error)
      if (code === 'ECONNREFUSED') removeFile(path)
      else if (code !== 'ENOENT') {
        throw new BtkitError('unreachable', `${path}: the seed does not answer`, { cause: error })
      }
    }
  }
  return seeds
}

function socketsIn(directory: string): string[] {
  try {
    const own = process.getuid?.() ?? 0
    const trusted = new Set([own, own === 0 ? statSync(directory).uid : own])
    const names = readNames(directory).filter((name) => /^seed-\d+\.sock$/.test(name))
    const paths = names.map((name) => join(directory, name))
    return paths.filter((path) => trusted.has(statIfThere(path)?.uid ?? NaN))
  } catch {
    return []
  }
}

async function ask(path: string, signal: AbortSignal): Promise<SeedReport> {
  const socket = connect({ path })
  signal.addEventListener('abort', () => socket.destroy())
  const answer = JSON.parse((await collectAnswer(socket, path)).toString()) as JsonObject
  if (!Array.isArray(answer['torrents'])) throw new Error('no torrents')
  const torrents = answer['torrents'].map(asObject)
  return {
    port: asNumber(answer['port']),
    version: asText(answer['version']),
    torrents: torrents.map((each) => ({
      infoHash: asInfoHash(each['infoHash']),
      name: asText(each['name']),
      directory: null,
      isMarked: true,
      state: each['state'] === 'missing' ? 'missing' : 'seeding',
      message: asText(each['message']) || null,
      warning: asText(each['warning']) || null,
      size: asNumber(each['size']),
      bytesDone: asNumber(each['bytesDone']),
      peers: asNumber(each['peers']),
      uploadRate: asNumber(each['uploadRate']),
      downloadRate: 0,
      ratio: asNumber(each['ratio']),
    })),
  }
}
