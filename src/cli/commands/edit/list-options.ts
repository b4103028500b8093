import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { formatDhtNode, parseDhtNode } from '../../../metainfo/dht-node.js'
import { checkSeed } from '../../../metainfo/trackers.js'
import { parseInfoHash } from '../../../metainfo/other-keys.js'
import { checked, collectionName, seeds, trackers, trackerTiers } from '../../arguments/values.js'

/** An editable list in a torrent, as spelled in option names. */
export type ListName = 'Tracker' | 'WebSeed' | 'HttpSeed' | 'Node' | 'Similar' | 'Collection'

/** Each list with its spelling in options. */
export const LIST_NAMES: readonly (readonly [name: ListName, option: string])[] = [
  ['Tracker', 'tracker'],
  ['WebSeed', 'web-seed'],
  ['HttpSeed', 'http-seed'],
  ['Node', 'node'],
  ['Similar', 'similar'],
  ['Collection', 'collection'],
]

/**
 * The validated options that change lists. `set` is undefined if the option was not given, and
 * empty if the list is to be emptied.
 */
export type ListOptions = {
  readonly [Name in `${'add' | 'prepend' | 'remove'}${ListName}`]: readonly string[]
} & {
  readonly [Name in `set${ListName}`]?: readonly string[] | undefined
} & {
  /** False if all values are to be removed. */
  readonly [Name in Uncapitalize<ListName>]?: boolean
}

interface EditedList {
  /** Spelling in options, such as `web-seed`. */
  readonly option: string
  /** The argument in the help. */
  readonly argument: string
  /** Plural for the help. */
  readonly plural: string
  /** Validates and normalizes the text of an option, which may hold several values. */
  readonly read: (text: string) => readonly string[]
  /** The same for a value to remove, which may be invalid. */
  readonly readAny: (text: string) => readonly string[]
}

const asIs = (text: string) => [text]

const LISTS: readonly EditedList[] = [
  {
    option: 'web-seed',
    argument: 'url',
    plural: 'web seeds (BEP 19)',
    read: (text) => seeds(text, []),
    readAny: asIs,
  },
  {
    option: 'http-seed',
    argument: 'url',
    plural: 'HTTP seeds (BEP 17)',
    read: (text) => [checked((url) => checkSeed(url, 'HTTP seed'))(text)],
    readAny: asIs,
  },
  {
    option: 'node',
    argument: 'host:port',
    plural: 'DHT nodes (BEP 5)',
    read: readNode,
    readAny: readNode,
  },
  {
    option: 'similar',
    argument: 'info-hash',
    plural: 'similar torrents (BEP 38)',
    read: readInfoHash,
    readAny: readInfoHash,
  },
  {
    option: 'collection',
    argument: 'name',
    plural: 'collections (BEP 38)',
    read: (text) => [collectionName(text)],
    readAny: asIs,
  },
]

const TRACKERS: EditedList = {
  option: 'tracker',
  argument: 'url',
  plural: 'trackers',
  read: (text) => trackers(text, []),
  readAny: asIs,
}

function readNode(text: string): string[] {
  return [formatDhtNode(checked(parseDhtNode)(text))]
}

function readInfoHash(text: string): string[] {
  return [checked(parseInfoHash)(text)]
}

/** Declares the options of each list. Their values are those of ListOptions. */
export function declareListOptions(command: CommandUnknownOpts): void {
  for (const list of [TRACKERS, ...LISTS]) {
    const heading = `${list.plural.charAt(0).toUpperCase()}${list.plural.slice(1)}:`
    for (const option of optionsOf(list)) command.addOption(option.helpGroup(heading))
  }
}

function optionsOf(list: EditedList): Option[] {
  const { option, argument, read, readAny } = list
  const flags = (verb: string) => `--${verb}-${option} <${argument}>`
  const isTracker = list === TRACKERS
  const tier = isTracker ? ', in a tier of its own' : ''
  const setOf = isTracker ? readTier : read
  return [
    new Option(flags('add'), `add one at the end${tier} (repeatable)`)
      .default([])
      .argParser(collecting(read)),
    new Option(flags('prepend'), 'put one at the beginning (repeatable)')
      .default([])
      .argParser(collecting(read)),
    new Option(`--no-${option}`, 'remove all'),
    new Option(flags('remove'), 'remove one (repeatable)')
      .default([])
      .argParser(collecting(readAny)),
    new Option(flags('set'), `replace all; ${noneOf(list)} removes them`).argParser(
      collecting((text) => (isNone(text, list) ? [] : setOf(text))),
    ),
  ]
}

/** Whether a text means an empty list. A collection may be named 0. */
function isNone(text: string, { option }: EditedList): boolean {
  return text === '' || (text === '0' && option !== 'collection')
}

function noneOf(list: EditedList): string {
  return isNone('0', list) ? "'' or 0" : "''"
}

/** Reads a tier: trackers separated by commas. */
function readTier(text: string): string[] {
  return trackerTiers(text, []).map((tier) => tier.join(','))
}

function collecting(read: (text: string) => readonly string[]) {
  return (text: string, previous: unknown) => {
    return [...(Array.isArray(previous) ? (previous as string[]) : []), ...read(text)]
  }
}
