import { BtkitError } from '../errors.js'
import type { DhtNode } from './metainfo.js'

/** Formats a node as `HOST:PORT`, with an IPv6 address in brackets. */
export function formatDhtNode({ host, port }: DhtNode): string {
  const isBare = host.includes(':') && !host.startsWith('[')
  return `${isBare ? `[${host}]` : host}:${port}`
}

/**
 * Parses `HOST:PORT`, with an IPv6 address in brackets.
 * @throws BtkitError `usage`
 */
export function parseDhtNode(text: string): DhtNode {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port < 1 || port > 65535) {
    throw new BtkitError('usage', `node '${text}': not of the form HOST:PORT`)
  }
  return { host, port }
}
