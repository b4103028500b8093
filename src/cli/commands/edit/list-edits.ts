import { Buffer } from 'node:buffer'
import type { BencodeValue } from '../../../metainfo/bencode/value.js'
import { formatDhtNode, parseDhtNode } from '../../../metainfo/dht-node.js'
import { changeList, type ListKey } from '../../../metainfo/edit/lists.js'
import type { TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import { takeTrackerSteps } from '../../../metainfo/edit/tracker-steps.js'
import { changeTrackers, trackerBytes } from '../../../metainfo/edit/trackers.js'
import type { TorrentFacts } from '../../../core/edit/file.js'
import type { Removal } from '../editing/run-edits.js'
import { LIST_NAMES, type ListName, type ListOptions } from './list-options.js'

interface StoredList {
  readonly name: Exclude<ListName, 'Tracker'>
  readonly key: ListKey
  /** Converts an option's value to the form stored in torrents. */
  readonly entryOf: (text: string) => BencodeValue
}

const asText = (text: string) => Buffer.from(text)

const LISTS: readonly StoredList[] = [
  { name: 'WebSeed', key: 'url-list', entryOf: asText },
  { name: 'HttpSeed', key: 'httpseeds', entryOf: asText },
  { name: 'Node', key: 'nodes', entryOf: nodeEntry },
  { name: 'Similar', key: 'similar', entryOf: (text) => Buffer.from(text, 'hex') },
  { name: 'Collection', key: 'collections', entryOf: asText },
]

function nodeEntry(text: string): BencodeValue {
  const { host, port } = parseDhtNode(text)
  return [Buffer.from(host), port]
}

const VALUES: Readonly<Record<ListName, (facts: TorrentFacts) => readonly string[] | null>> = {
  Tracker: ({ announce, announceList }) => [announce ?? '', ...(announceList ?? []).flat()],
  WebSeed: ({ webSeeds }) => webSeeds,
  HttpSeed: ({ httpSeeds }) => httpSeeds,
  Node: ({ nodes }) => nodes && nodes.map(formatDhtNode),
  Similar: ({ similar }) => similar,
  Collection: ({ collections }) => collections,
}

/** The values that the options remove from lists. */
export function removalsOf(options: ListOptions): Removal[] {
  return LIST_NAMES.flatMap(([list, option]) => {
    return options[`remove${list}`].map((value) => ({
      option: `--remove-${option} ${value}`,
      isIn: (facts: TorrentFacts) => VALUES[list](facts)?.includes(value) ?? false,
    }))
  })
}

/** The edits for the list options, one per list. */
export function listEdits(options: ListOptions): TorrentEdit[] {
  const edits = LISTS.flatMap(({ name, key, entryOf }) => {
    const { set, remove, prepend, add } = stepsOf(options, name)
    if (!set && remove.length + prepend.length + add.length === 0) return []
    const entries = (texts: readonly string[]) => texts.map(entryOf)
    const steps = { remove: entries(remove), prepend: entries(prepend), add: entries(add) }
    return [changeList(key, { set: set ? entries(set) : null, ...steps })]
  })
  return [...trackerEdits(options), ...edits]
}

function trackerEdits(options: ListOptions): TorrentEdit[] {
  const { set, remove, prepend, add } = stepsOf(options, 'Tracker')
  if (!set && remove.length + prepend.length + add.length === 0) return []
  const steps = {
    set: set?.map((tier) => tier.split(',').map(trackerBytes)) ?? null,
    remove: remove.map(trackerBytes),
    replace: [],
    prepend: prepend.map(trackerBytes),
    add: add.map(trackerBytes),
  }
  return [changeTrackers((trackers) => takeTrackerSteps(trackers, steps))]
}

const UNCAPITALIZED = {
  Tracker: 'tracker',
  WebSeed: 'webSeed',
  HttpSeed: 'httpSeed',
  Node: 'node',
  Similar: 'similar',
  Collection: 'collection',
} as const

function stepsOf(options: ListOptions, name: ListName) {
  const isCleared = options[UNCAPITALIZED[name]] === false
  return {
    set: options[`set${name}`] ?? (isCleared ? [] : undefined),
    remove: options[`remove${name}`],
    prepend: options[`prepend${name}`],
    add: options[`add${name}`],
  }
}
