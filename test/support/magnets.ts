import { networkInterfaces } from 'node:os'
import { type Release } from './download.js'

/** A magnet link of an info hash in hexadecimal, and of parameters, some of them several times. */
export function magnetOf(infoHash: string, parameters: Record<string, string[]> = {}): string {
  const rest = Object.entries(parameters).flatMap(([key, values]) => {
    return values.map((value) => `&${key}=${encodeURIComponent(value)}`)
  })
  return `magnet:?xt=urn:btih:${infoHash}${rest.join('')}`
}

/** An address of this machine that is no loopback address; null where there is none. */
export const outerAddress =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? null

/** The magnet link of a release, with its tracker alone. */
export function linkOf({ infoHash, tracker }: Pick<Release, 'infoHash' | 'tracker'>): string {
  return magnetOf(infoHash, { tr: [`${tracker.address}/announce`] })
}
