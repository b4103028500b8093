import { count } from '../../base/text/quantity.js'

/** A limit above which clients on libtorrent refuse a torrent. */
interface Refusal {
  readonly most: number
  readonly why: (value: number) => string
  /** How a maker obeys the limit. */
  readonly advice: string
}

/** All limits of libtorrent, by the code of their finding. Each was tried with libtorrent 2.0.8. */
export const REFUSALS = {
  'piece-length-refused': {
    most: 2 ** 30 - 1,
    why: (length) =>
      `clients on libtorrent refuse pieces of ${count(length, 'byte')}: they must be shorter than 1 GiB`,
    advice: 'use a smaller --piece-length',
  },
  'huge-torrent': {
    most: 10_000_000,
    why: (size) =>
      `the torrent has ${size} bytes, and clients on libtorrent refuse more than 10000000`,
    advice: 'use --max-torrent-size 10000000, or fewer files',
  },
  'too-many-items': {
    most: 3_000_000,
    why: (items) =>
      `the torrent has ${items} items of bencode, and clients on libtorrent refuse more than 3000000`,
    advice: 'use fewer files, such as an archive of them',
  },
} as const satisfies Record<string, Refusal>

/** The sentence about a value above a limit, if it is above it. */
export function refusal(code: keyof typeof REFUSALS, value: number): string[] {
  const { most, why } = REFUSALS[code]
  return value > most ? [why(value)] : []
}
