import { Buffer } from 'node:buffer'
import type { BencodeValue } from '../../../metainfo/bencode/value.js'
import { parseDhtNode } from '../../../metainfo/dht-node.js'
import { changeList, type ListKey } from '../../../metainfo/edit/lists.js'
import type { TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import { takeTrackerSteps } from '../../../metainfo/edit/tracker-steps.js'
import { changeTrackers, trackerBytes } from '../../../metainfo/edit/trackers.js'
import type { ListName, ListOptions } from './list-options.js'

interface StoredList {
  readonly name: Exclude<ListName, 'Tracker'>
  readonly key: ListKey
  /** A value of an option as it stands in the torrent. */
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

/** The edits that the options of lists ask for, one for each list. */
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
