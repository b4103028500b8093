import { usageError } from '../../../base/errors.js'
import { parseEditedKey, parseKeyToRemove } from '../../options/extra-keys.js'
import { checkName } from '../../../metainfo/name.js'
import { declareBulkEdit, isNone } from '../../editing/options.js'
import * as read from '../../options/values.js'
import { excludeOpposites, type Exclusion, Opt, ownOptions } from '../../options/option.js'

const EXAMPLES = `
Examples:
  btkit edit --comment 'Release 2' --date now *.torrent
  btkit edit --add-web-seed http://mirror.example/image.iso image.iso.torrent`

export function declareEdit() {
  const values = declareBulkEdit('edit')
    .description('Change values in torrents.')
    .argument('[torrent...]', 'the torrents to change')
    .optionsGroup('Values:')
    .option('-c, --comment <text>', 'set the comment')
    .option('--no-comment', 'remove the comment')
    .option('--created-by <text>', 'set the creator')
    .option('--no-created-by', 'remove the creator')
    .option(
      '--date <when>',
      'set the creation date: seconds since 1970, 2026-11-20, 2026-11-20T12:00Z or now',
      read.moment,
    )
    .option('--no-date', 'remove the creation date')
    .option('--name <name>', 'set the name; changes the info hash', read.checked(checkName))
    .option(
      '-p, --private',
      'let clients find peers through the tracker only (BEP 27); changes the info hash',
    )
    .option('--no-private', 'remove that flag; changes the info hash')
    .option('-s, --source <text>', 'set the source tag; changes the info hash')
    .option('--no-source', 'remove the source tag; changes the info hash')
    .addOption(
      new Opt('--set <key=json>', 'set any other key; info.KEY is a key in info (repeatable)', {
        form: 'json-map',
      })
        .argParser(read.repeated((text) => [parseEditedKey(text)]))
        .default([]),
    )
    .option(
      '--unset <key>',
      'remove any other key (repeatable)',
      read.repeated((text) => [parseKeyToRemove(text)]),
      [],
    )
  const command = values
    .optionsGroup('Trackers and seeds:')
    .addOption(
      new Opt(
        '-a, --tracker <urls>',
        "replace all trackers; ',' separates trackers of a tier, each -a adds a tier; '' or 0 " +
          'removes all (repeatable)',
        { trackers: 'tiers', form: 'list', excludes: [notRemoved('removeTracker')] },
      ).argParser(orNone(read.trackerTiers)),
    )
    .addOption(
      new Opt('--add-tracker <url>', 'add a tracker in a last tier of its own (repeatable)', {
        trackers: 'added',
        excludes: [notRemoved('removeTracker')],
      })
        .argParser(read.trackers)
        .default([]),
    )
    .addOption(
      new Opt('--remove-tracker <url>', 'remove a tracker (repeatable)', { trackers: 'removed' })
        .argParser(read.collect)
        .default([]),
    )
    .addOption(
      new Opt(
        '-w, --web-seed <url>',
        "replace all web seeds (BEP 19); '' or 0 removes all (repeatable)",
        { form: 'list', excludes: [notRemoved('removeWebSeed')] },
      ).argParser(orNone(read.seeds)),
    )
    .addOption(
      new Opt('--add-web-seed <url>', 'add a web seed (repeatable)', {
        excludes: [notRemoved('removeWebSeed')],
      })
        .argParser(read.seeds)
        .default([]),
    )
    .option('--remove-web-seed <url>', 'remove a web seed (repeatable)', read.collect, [])
    .addOption(
      new Opt(
        '--http-seed <url>',
        "replace all HTTP seeds (BEP 17); '' or 0 removes all (repeatable)",
        { form: 'list', excludes: [notRemoved('removeHttpSeed')] },
      ).argParser(orNone(read.httpSeeds)),
    )
    .addOption(
      new Opt('--add-http-seed <url>', 'add an HTTP seed (repeatable)', {
        excludes: [notRemoved('removeHttpSeed')],
      })
        .argParser(read.httpSeeds)
        .default([]),
    )
    .option('--remove-http-seed <url>', 'remove an HTTP seed (repeatable)', read.collect, [])
    .addHelpText('after', EXAMPLES)
  return ownOptions(excludeOpposites(command))
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
 * Makes a parser of a list accept '' and 0 for an empty one. The option must have no default, because
 * an empty list removes all.
 */
function orNone<T>(parse: (text: string, previous: readonly T[]) => T[]) {
  return (text: string, previous: T[] = []) => (isNone(text) ? previous : parse(text, previous))
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
