import { BtkitError } from '../../errors.js'
import type { DhtNode } from '../../metainfo/metainfo.js'
import { formatAnnounceList } from '../../metainfo/trackers.js'

const OTHERS = '--announce-list, --node, --web-seed or --http-seed'
const WAYS = `give its URL, ${OTHERS}, or use --trackerless`

/**
 * The options of makemetafile and completedir that tell clients where to find peers and content.
 */
export interface TrackerOptions {
  /** One tier per option. */
  readonly announce: readonly (readonly string[])[]
  readonly announceList?: readonly (readonly string[])[] | undefined
  readonly trackerless: boolean
  readonly node: readonly DhtNode[]
  readonly webSeed: readonly string[]
  readonly webSeedBase: readonly string[]
  readonly httpSeed: readonly string[]
  readonly private?: boolean
}

type Tiers = readonly (readonly string[])[]

/** The trackers of a torrent. An empty list leaves no key. */
export interface ChosenTrackers {
  readonly announce: string | null
  readonly announceList: readonly (readonly string[])[]
}

/**
 * The trackers on a command line. `operand` is the tracker among its arguments.
 * @throws BtkitError `usage` if clients would find no peers, or if options contradict each other
 */
export function chooseTrackers(operand: Tiers | null, options: TrackerOptions): ChosenTrackers {
  const chosen = namedTrackers(operand, options)
  if (chosen.announce === null && !options.trackerless && !hasOtherSources(options)) {
    if (options.private) throw usage(`no tracker, which --private needs; ${WAYS}`)
    throw usage(`no tracker; ${WAYS}`)
  }
  return chosen
}

/** The note on a torrent without a tracker; null if its peers are found some other way. */
export function trackerlessNote(
  { announce }: ChosenTrackers,
  options: TrackerOptions,
): string | null {
  if (announce !== null || options.trackerless || hasOtherSources(options)) return null
  return 'no tracker: clients find each other through the DHT; give the URL of a tracker to use one'
}

/**
 * The trackers on a command line, possibly none.
 * @throws BtkitError `usage` if options contradict each other
 */
export function namedTrackers(operand: Tiers | null, options: TrackerOptions): ChosenTrackers {
  const given = operand ?? options.announce
  checkTogether(operand, options)
  const list = options.announceList ?? (given.flat().length > 1 ? given : [])
  const announce = given[0]?.[0] ?? list[0]?.[0] ?? null
  return { announce, announceList: [...list] }
}

function checkTogether(operand: Tiers | null, options: TrackerOptions): void {
  const { announce, announceList, trackerless } = options
  if (trackerless && operand !== null)
    throw usage(`--trackerless and ${formatAnnounceList(operand)} cannot be used together`)
  if (trackerless && (announce.length > 0 || announceList)) {
    const other = announceList ? '--announce-list' : '--announce'
    throw usage(`--trackerless and ${other} cannot be used together`)
  }
  if (operand !== null && announce.length > 0) {
    throw usage(
      `${formatAnnounceList(operand)}: give the tracker either as an argument or with --announce`,
    )
  }
  if (announceList && (operand ?? announce).flat().length > 1) {
    const where = operand ? 'the argument' : '--announce'
    throw usage(`--announce-list and several trackers in ${where} cannot be used together`)
  }
}

function hasOtherSources(options: TrackerOptions): boolean {
  const { node, webSeed, webSeedBase, httpSeed } = options
  return [node, webSeed, webSeedBase, httpSeed].some(({ length }) => length > 0)
}

function usage(reason: string): BtkitError {
  return new BtkitError('usage', reason)
}
