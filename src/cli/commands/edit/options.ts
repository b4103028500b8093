import {
  keptByUnset,
  ownKeysOfEdit,
  parseExtraKey,
  parseName,
  type KeyName,
} from '../../options/extra-keys.js'
import { usageError } from '../../../base/errors.js'
import { parseReplacement, WEB_SEEDS } from '../../../metainfo/edit/trackers.js'
import { checkName } from '../../../metainfo/name.js'
import { declareBulkEdit, isNone } from '../../editing/options.js'
import * as read from '../../options/values.js'
import type { Exclusion } from '../../options/option.js'

const EXAMPLES = `
Examples:
  btkit edit --comment 'Release 2' --date now *.torrent
  btkit edit --add-web-seed http://mirror.example/image.iso image.iso.torrent`

export function declareEdit() {
  const values = declareBulkEdit('edit')
    .description(
      'Change values in torrents; reannounce, copyannounce, rename and sethttpseeds change one.',
    )
    .argument('[torrent...]', 'the torrents to change')
    .optionsGroup('Values:')
    .opt('-c, --comment <text>', 'set the comment; an empty one removes it', {
      mayBeEmpty: true,
      excludes: ['comment'],
    })
    .opt('--no-comment', 'remove the comment')
    .opt(
      '--created-by <text>',
      'set the program or person that made the torrent; an empty one removes it',
      { mayBeEmpty: true, excludes: ['createdBy'] },
    )
    .opt('--no-created-by', 'remove the creator')
    .opt(
      '--date <when>',
      `set the creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z or now. UTC counts
        if no zone is given.`,
      { excludes: ['date'], parse: read.moment },
    )
    .opt('--no-date', 'remove the creation date')
    .opt(
      '--name <name>',
      `set the name; changes the info hash. It is that of the file or directory in a single torrent,
        as btkit-rename(1) sets it.`,
      { parse: checkName },
    )
    .opt(
      '-p, --private',
      'let clients find peers through the tracker only (BEP 27); changes the info hash',
      { excludes: ['private'] },
    )
    .opt('--no-private', 'remove the private flag, also one of 0; changes the info hash')
    .opt(
      '-s, --source <text>',
      `set the source tag; changes the info hash. Trackers recognize their torrents by it. An empty
        one removes it.`,
      { mayBeEmpty: true, excludes: ['source'] },
    )
    .opt('--no-source', 'remove the source tag; changes the info hash')
    .opt(
      '--set <key=json>',
      `set any other key; info.KEY is a key in info (repeatable). A value is JSON, such as
        'nodes=[["router.example",6881]]'. A key in *info* changes the info hash. The info hashes of
        *similar* (BEP 38) are hexadecimal.`,
      { form: 'json-map', ...read.repeated((text) => [parseExtraKey(text, ownKeysOfEdit())]) },
    )
    .opt('--unset <key>', 'remove any other key (repeatable). Also *info.private*.', {
      excludes: [
        {
          option: 'private',
          when: (own: readonly KeyName[], isSet: boolean) =>
            isSet && own.some(({ name }) => name === 'info.private'),
        },
      ],
      ...read.repeated((name) => [parseName(name, '--unset', keptByUnset(), name)]),
    })
  const command = values
    .optionsGroup('Trackers and seeds:')
    .opt(
      '-a, --tracker <urls>',
      `replace all trackers; ',' separates trackers of a tier, each -a adds a tier; '' or 0 removes
        all (repeatable). A '|' begins the next tier. Another name of the option is --announce.`,
      {
        trackers: 'tiers',
        form: 'list',
        excludes: [notRemoved('removeTracker')],
        ...orNone(read.trackerTiers),
      },
    )
    .opt(
      '--add-tracker <url>',
      'add a tracker in a last tier of its own, unless the torrent has it (repeatable)',
      { trackers: 'added', excludes: [notRemoved('removeTracker')], ...read.trackers },
    )
    .opt('--remove-tracker <url>', 'remove a tracker (repeatable)', {
      mayBeEmpty: true,
      trackers: 'removed',
      ...read.collect,
    })
    .opt(
      '-w, --web-seed <url>',
      `replace all web seeds (BEP 19); '' or 0 removes all (repeatable). One value may have several
        with '|' or ',' between them.`,
      { form: 'list', excludes: [notRemoved('removeWebSeed')], ...orNone(read.seeds) },
    )
    .opt(
      '--add-web-seed <url>',
      'add a web seed at the end, unless the torrent has it (repeatable)',
      { excludes: [notRemoved('removeWebSeed')], ...read.seeds },
    )
    .opt('--remove-web-seed <url>', 'remove a web seed (repeatable)', {
      mayBeEmpty: true,
      ...read.collect,
    })
    .opt(
      '--replace-web-seed <old=new>',
      `replace a web seed, or its beginning (repeatable). It works as --replace-tracker of
        btkit-reannounce(1).`,
      {
        form: 'map',
        isSecret: true,
        ...read.repeated((text) => [parseReplacement(text, WEB_SEEDS)]),
      },
    )
    .addHelpText('after', EXAMPLES)
  return command
}

/** Refuses a value that is removed at the same time. */
function notRemoved(option: string): Exclusion {
  return {
    option,
    when: (own: readonly (string | readonly string[])[], removed: readonly string[]) =>
      own.flat().find((value) => removed.includes(value)) ?? false,
  }
}

/**
 * Makes a parser of a list accept '' and 0 for an empty one. The option must have no default,
 * because an empty list removes all.
 */
function orNone<T>({ parse }: { parse: (text: string, previous: readonly T[]) => T[] }) {
  const parseOrNone = (text: string, previous: T[] = []) =>
    isNone(text) ? previous : parse(text, previous)
  return { mayBeEmpty: true, parse: parseOrNone }
}

export type ChangeOptions = ReturnType<ReturnType<typeof declareEdit>['opts']>

/**
 * Refuses a key that is set or removed twice.
 * @throws BtkitError `usage`
 */
export function refuseRepeatedKeys(options: Pick<ChangeOptions, 'set' | 'unset'>): void {
  const keys = [...options.set, ...options.unset].map(({ name }) => name)
  const twice = keys.find((key, at) => keys.indexOf(key) < at)
  if (twice !== undefined) throw usageError(`${twice}: give --set or --unset once for a key`)
}
