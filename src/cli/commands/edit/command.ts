import { Buffer } from 'node:buffer'
import { usageError } from '../../../base/errors.js'
import { encodeBencode } from '../../../metainfo/bencode/encode.js'
import { setDetails, setName, type Details, changeSeeds } from '../../../metainfo/edit/details.js'
import { WEB_SEEDS } from '../../../metainfo/edit/trackers.js'
import { TEXT_NAMES } from '../../../metainfo/fields.js'
import { combineEdits, type TorrentEdit } from '../../../metainfo/edit/splice-torrent.js'
import { announceUrls, urlForms } from '../../../metainfo/trackers.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { declareEdit, refuseRepeatedKeys, type ChangeOptions } from './options.js'
import {
  removals,
  replacements,
  replacers,
  runEdits,
  stepTrackers,
} from '../../editing/run-edits.js'

export const command: CommandRecord = {
  group: 'Make and change torrents',
  order: 30,
  spellings: ['modify'],
  summary: 'Change the name, comment, seeds and other fields',
  example: "--comment 'Release 2' *.torrent",
  isJob: true,
  basics:
    'comment private source date tracker add-tracker remove-tracker web-seed add-web-seed set unset files-from output dry-run json quiet',
  define: defineEdit,
}

function defineEdit({ io, finish }: CommandContext) {
  return declareEdit().action(async (operands, options) => {
    refuseRepeatedKeys(options)
    const edit = editOf(options, io.now())
    const values = [
      ...removals('--remove-tracker', options.removeTracker, announceUrls),
      ...removals('--remove-web-seed', options.removeWebSeed, ({ webSeeds }) => webSeeds),
      ...replacements('--replace-web-seed', options.replaceWebSeed, ({ webSeeds }) => webSeeds),
    ]
    const single = options.name === undefined ? null : '--name'
    finish(await runEdits({ operands, edit, options, single, removals: values, legacy: null }, io))
  })
}

/**
 * Translates the options into one edit. `nowMs` is the time for `now`.
 * @throws BtkitError `usage` if nothing would change
 */
function editOf(options: ChangeOptions, nowMs: number): TorrentEdit {
  const details = detailsOf(options, nowMs)
  const { set, unset } = options
  const edits = [
    ...(Object.values(details).some((detail) => detail !== undefined) ? [setDetails(details)] : []),
    ...(options.name === undefined ? [] : [setName(options.name)]),
    ...trackerEdits(options),
    ...seedEdits(options),
    ...(set.length + unset.length > 0 ? [setKeys(options)] : []),
  ]
  if (edits.length > 0) return combineEdits(edits)
  throw usageError('nothing to change; give an option such as --comment or --date')
}

function detailsOf(options: ChangeOptions, nowMs: number): Details {
  const { date } = options
  return {
    ...Object.fromEntries(TEXT_NAMES.map((name) => [name, textOf(options[name])])),
    creationDate: date === false ? null : date === 'now' ? Math.floor(nowMs / 1000) : date,
    private: options.private,
    source: textOf(options.source),
  }
}

/** An empty text removes the key. */
function textOf(option: string | boolean | undefined): string | null | undefined {
  if (option === false || option === '') return null
  return typeof option === 'string' ? option : undefined
}

function trackerEdits({ tracker: set, removeTracker, addTracker }: ChangeOptions): TorrentEdit[] {
  if (!set && removeTracker.length + addTracker.length === 0) return []
  return [stepTrackers({ set, remove: removeTracker, add: addTracker, replace: [] })]
}

function seedEdits(options: ChangeOptions): TorrentEdit[] {
  const { webSeed: set, removeWebSeed, replaceWebSeed, addWebSeed } = options
  if (!set && removeWebSeed.length + replaceWebSeed.length + addWebSeed.length === 0) return []
  const bytes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text))
  return [
    changeSeeds('webSeeds', {
      set: set ? bytes(set) : null,
      remove: bytes(removeWebSeed.flatMap(urlForms)),
      replace: replacers(replaceWebSeed, WEB_SEEDS),
      add: bytes(addWebSeed),
    }),
  ]
}

/** Sets and removes the keys of --set and --unset. */
function setKeys({ set, unset }: ChangeOptions): TorrentEdit {
  const changes = [
    ...set.map((each) => ({ ...each, bytes: encodeBencode(each.value) })),
    ...unset.map((each) => ({ ...each, bytes: null })),
  ]
  const of = (isInInfo: boolean) => {
    const those = changes.filter((each) => each.isInInfo === isInInfo)
    return new Map(those.map(({ key, bytes }) => [key, bytes]))
  }
  const [top, info] = [of(false), of(true)]
  return () => ({ top, info })
}
