import { ASKED_ROWS, type AskedOptions } from '../../core/make/asked.js'
import { fieldText, type Preset } from '../../pages/forms/torrent-fields.js'
import { declareTorrentOptions, type MakerOptions } from '../options/torrent.js'
import { torrentOptionsOf } from '../options/torrent-request.js'
import { Problems, type Section, shownText } from '../options/given.js'
import type { Io } from '../io.js'
import { CommandLayers } from './decide.js'
import { readRightConfigurations } from './files.js'
import { isNothing } from './sources.js'

/**
 * The presets of the configuration, as fields of a form: their options are decided as those of a
 * command, so that aliases, secrets and mistakes are the same here.
 * @throws BtkitError `usage` for a wrong configuration
 */
export async function formPresets(option: string | undefined, io: Io): Promise<Preset[]> {
  const read = await readRightConfigurations(option, io)
  const problems = new Problems()
  const command = declareTorrentOptions('preset', false)
  const target = { section: 'preset', command, isLegacy: false }
  const layers = await CommandLayers.read(target, { config: option, read, problems }, io)
  const presets = [...layers.known.presets.values()].map((each) => {
    return presetOf(each, layers, command.opts(), problems)
  })
  problems.throwFirst()
  return presets
}

/** The preset of a section, from the options that torrents have, and their values without one. */
function presetOf(
  { name: preset, entries }: Section,
  layers: CommandLayers,
  standard: MakerOptions,
  known: Problems,
): Preset {
  const fields: Record<string, string> = {}
  const carried: Record<string, unknown> = {}
  const [names, missing]: [string[], string[]] = [[], []]
  let options = standard
  for (const each of entries) {
    const { key, item } = each
    // Forms do without what only commands have
    const { given } = layers.presetLayer({ name: preset, entries: [each] }, new Problems())
    const problems = new Problems()
    const [decided] = layers.parse(given, problems)
    // Only cron or a service may have the secret; the other presets and pages are of use without it
    if (problems.errors.length > 0 && /\b(file|env):/.test(shownText(item))) {
      missing.push(key)
      continue
    }
    for (const error of problems.errors) known.add(error)
    const { entry, value } = decided ?? {}
    // A switch that is off is as without a preset, and so is a form without trackers
    const isOff = entry?.kind === 'switch' && entry.on !== null && value === false
    if (key === 'trackerless' || isOff || isNothing(item) || (entry && value === undefined))
      continue
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
