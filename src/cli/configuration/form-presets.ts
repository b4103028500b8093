import { ASKED_ROWS, type AskedOptions } from '../../core/make/asked.js'
import { fieldText, type Preset } from '../../pages/forms/torrent-fields.js'
import { declareTorrentOptions, type MakerOptions } from '../options/torrent.js'
import { torrentOptionsOf } from '../options/torrent-request.js'
import { optionEntries } from '../options/table.js'
import { Problems, type Section, shownText } from '../options/given.js'
import type { Io } from '../io.js'
import { readRightConfigurations, presetsOf } from './files.js'
import { type Known, parseAll } from './parse.js'
import { aliasesIn } from './trackers.js'
import { type Entries, findByKey, givenAt } from './sources.js'

/**
 * The presets of the configuration, as fields of a form: their options are decided as those of a
 * command, so that aliases, secrets and mistakes are the same here.
 * @throws BtkitError `usage` for a wrong configuration
 */
export async function formPresets(option: string | undefined, io: Io): Promise<Preset[]> {
  const files = await readRightConfigurations(option, io)
  const problems = new Problems()
  const known = {
    env: io.env,
    cwd: io.cwd,
    aliases: new Map(files.flatMap((file) => aliasesIn(file, problems))),
    problems,
  }
  const command = declareTorrentOptions('preset', false)
  const maker = { entries: optionEntries(command), standard: command.opts() }
  const presets = [...presetsOf(files).values()].map((each) => presetOf(each, maker, known))
  problems.throwFirst()
  return presets
}

/** The preset of a section, from the options that torrents have, and their values without one. */
function presetOf(
  { name: preset, entries: all }: Section,
  { entries, standard }: { readonly entries: Entries; readonly standard: MakerOptions },
  known: Known & { readonly problems: Problems },
): Preset {
  const fields: Record<string, string> = {}
  const carried: Record<string, unknown> = {}
  const [names, missing]: [string[], string[]] = [[], []]
  let options = standard
  for (const { key, item } of all) {
    const found = findByKey(key, item, entries)
    const problems = new Problems()
    const [decided] = parseAll(found ? givenAt(found) : [], known, problems)
    // Only cron or a service may have the secret; the other presets and pages are of use without it
    if (problems.errors.length > 0 && /\b(file|env):/.test(shownText(item))) {
      missing.push(key)
      continue
    }
    for (const error of problems.errors) known.problems.add(error)
    const { entry, value } = decided ?? {}
    // A switch that is off is as without a preset, and so is a form without trackers
    const isOff = entry?.kind === 'switch' && entry.on !== null && value === false
    if (key === 'trackerless' || isOff || (found && value === undefined)) continue
    const rows = ASKED_ROWS.filter(([name, { options: named = [name] }]) => {
      return entry && named.includes(entry.attribute)
    })
    if (entry) options = { ...options, [entry.attribute]: value }
    const asked = torrentOptionsOf(options)
    // Each of several tags is for a torrent of its own
    const isOne = entry?.key !== 'source' || options.source.length === 1
    const [row] = rows
    const field = row?.[1].field
    const text = row && field && isOne ? fieldText(field, asked[row[0]]) : null
    if (row && text !== null) fields[row[0]] = text
    else if (!row || field) missing.push(key)
    else {
      names.push(key)
      for (const [each] of rows) carried[each] = asked[each]
    }
  }
  const rest = { names, options: carried as AskedOptions }
  return { name: preset, fields, missing, ...(names.length > 0 && { carried: rest }) }
}
