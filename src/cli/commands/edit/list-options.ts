import { Option, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { formatDhtNode, parseDhtNode } from '../../../metainfo/dht-node.js'
import { checkSeed } from '../../../metainfo/trackers.js'
import { parseInfoHash } from '../../../metainfo/other-keys.js'
import { checked, collectionName, seeds, trackers, trackerTiers } from '../../arguments/values.js'

/** A list of a torrent that can be changed, as it is called in the names of options. */
export type ListName = 'Tracker' | 'WebSeed' | 'HttpSeed' | 'Node' | 'Similar' | 'Collection'

/** Each with what it is called in the spelling of options. */
export const LIST_NAMES: readonly (readonly [name: ListName, option: string])[] = [
  ['Tracker', 'tracker'],
  ['WebSeed', 'web-seed'],
  ['HttpSeed', 'http-seed'],
  ['Node', 'node'],
  ['Similar', 'similar'],
  ['Collection', 'collection'],
]

/**
 * The options that change lists, with their values checked: `set` is undefined when the option was
 * not given, and empty when the list is to be emptied.
 */
export type ListOptions = {
  readonly [Name in `${'add' | 'prepend' | 'remove'}${ListName}`]: readonly string[]
} & {
  readonly [Name in `set${ListName}`]?: readonly string[] | undefined
} & {
  /** False when all are to be removed. */
  readonly [Name in Uncapitalize<ListName>]?: boolean
}

interface EditedList {
  /** As options have it, such as `web-seed`. */
  readonly option: string
  /** The argument in the help. */
  readonly argument: string
  /** A list of several, for the help. */
  readonly plural: string
  /** Checks a value and spells it as it is compared; several may stand in one. */
  readonly read: (text: string) => readonly string[]
  /** The same for a value to take out, which may be one that no program should have put in. */
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

/** Declares four options for each list; their values are those of ListOptions. */
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

/** A collection may be called 0. */
function isNone(text: string, { option }: EditedList): boolean {
  return text === '' || (text === '0' && option !== 'collection')
}

function noneOf(list: EditedList): string {
  return isNone('0', list) ? "'' or 0" : "''"
}

/** Trackers of a tier stay in one text, with commas between them. */
function readTier(text: string): string[] {
  return trackerTiers(text, []).map((tier) => tier.join(','))
}

function collecting(read: (text: string) => readonly string[]) {
  return (text: string, previous: unknown) => {
    return [...(Array.isArray(previous) ? (previous as string[]) : []), ...read(text)]
  }
}
