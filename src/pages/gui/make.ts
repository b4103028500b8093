import { basename, dirname, join } from 'node:path'
import { BtkitError, failureOf, inField } from '../../base/errors.js'
import { type FormContext, type FormRoute, formRoutes } from '../forms/app.js'
import { checkField, type Form, query, textField } from '../forms/form.js'
import type { Answer } from '../../server/headers/answer.js'
import type { PageParts } from '../forms/frame.js'
import { formAddress, type Job } from '../forms/jobs.js'
import {
  applyPreset,
  KEPT_FIELDS,
  makePage,
  type Preset,
  torrentOptions,
} from '../forms/torrent-fields.js'
import type { Plan } from '../work/results.js'
import {
  expand,
  fieldPath,
  isDirectoryAt,
  isThereAt,
  pickingAnywhere,
  requirePath,
} from '../forms/picker.js'
import {
  copyMagnet,
  hashFacts,
  renderCopied,
  renderFacts,
  renderItem,
} from '../../page-parts/item.js'
import { renderCard } from '../../page-parts/layout.js'
import { lookAt } from './look.js'
import { renderFoldedQr } from '../../page-parts/qr-code.js'
import { WORDS } from '../../page-parts/words.js'
import { type NotePlace, readNote, writeNote } from '../../disk/state/notes.js'
import { html } from '../../base/text/html.js'
import type { DescribedTorrent } from '../work/gui-work.js'
import { startWork } from '../forms/start-work.js'
import { findingsOf } from './findings.js'
import { seed, seedCommand, seedForm } from './seed.js'
import type { WindowParts } from './window.js'

/** The pages that make a torrent of a file or folder. */
export function makeRoutes(parts: WindowParts): FormRoute[] {
  return formRoutes({
    path: 'make',
    menu: 'Create',
    purpose: 'Create the torrent of a file or folder',
    page: (context) => ({
      show: (form) => show(parts, context, form),
      act: (form) => act(parts, context, form),
      picking: pickingAnywhere(parts, context.page, { action: 'make' }),
    }),
  })
}

async function show(
  parts: WindowParts,
  { page }: FormContext,
  form: Form,
  plan?: Plan,
): Promise<Answer> {
  // Where a torrent is in the way, the way out is beside what the user sees
  const replace = checkField(form, 'If it exists', [['replace', 'replace the torrent there']])
  const isInTheWay = form.error?.code === 'exists'
  const shown = makePage(form, {
    content: html`${textField(form, {
      name: 'path',
      label: 'Content',
      hint: 'A file or folder: choose it, drop it here, or type its path.',
      pick: true,
    })}
    ${isInTheWay && replace}`,
    more: html`${textField(form, {
      name: 'output',
      label: 'Save to',
      hint: 'A name beside the content, or another folder.',
      placeholder: await usualOutput(parts, form),
      pick: true,
    })}
    ${!isInTheWay && replace}`,
    presets: presetsOf(parts),
    plan,
  })
  return page(shown)
}

/** Where the torrent is saved if no other place is named; in words until the content is known. */
async function usualOutput({ directory }: WindowParts, form: Form): Promise<string> {
  const typed = form.text('path')
  const path = typed === '' ? null : await expand(typed, directory).catch(() => null)
  return path === null ? 'beside the content' : `${path}${SUFFIX}`
}

/** The presets of the configuration, and the values of the last torrent. */
function presetsOf({ presets, stateDirectory }: WindowParts): readonly Preset[] {
  const last = readNote(lastForm(stateDirectory))
  if (typeof last !== 'object' || last === null) return presets
  const given = Object.entries(last).map(([name, value]) => [name, String(value)] as const)
  const fields = Object.fromEntries(given.filter(([name]) => KEPT_FIELDS.includes(name)))
  return [...presets, { name: LAST, fields }]
}

function lastForm(stateDirectory: string): NotePlace {
  return { stateDirectory, kind: 'form', key: 'make' }
}

async function act(parts: WindowParts, context: FormContext, form: Form): Promise<Answer> {
  const wanted = form.text('act')
  if (wanted === 'seed') return seed(parts, form)
  if (!['make', 'plan', 'preset'].includes(wanted)) return show(parts, context, form)
  const presets = presetsOf(parts)
  const filled = applyPreset(form, presets)
  if (filled) return show(parts, context, filled)
  const source = await requirePath(form, 'path', parts.directory)
  const options = torrentOptions(form, presets)
  // A preview writes nothing, so the torrent may exist
  if (wanted === 'plan') {
    const plan = await parts.work.run('plan', { source, options }, { signal: context.left })
    const failure = await failureOf(() => outputOf(form, source))
    return show(parts, context, form, { ...plan, inTheWay: failure?.message ?? null })
  }
  const output = await inField('output', () => outputOf(form, source))
  const title = `Torrent of ${basename(source)}`
  const mayBeSeeded = parts.client !== null || parts.seedProgram !== null
  const made = (torrent: DescribedTorrent, job: Job) => madePage(torrent, job, source, mayBeSeeded)
  const answer = await startWork(parts, {
    about: { title, tool: 'make', path: output, form, show: made },
    name: 'make',
    request: { source, options: { ...options, output, force: form.has('replace') } },
  })
  const kept = KEPT_FIELDS.map((name) => [name, form.text(name)] as const)
  const values = Object.fromEntries(kept.filter(([, value]) => value !== ''))
  writeNote(lastForm(parts.stateDirectory), values)
  return answer
}

/**
 * Returns the path at which a torrent is saved.
 * @throws BtkitError `exists`
 */
async function outputOf(form: Form, source: string): Promise<string> {
  const typed = form.text('output')
  const path = await expand(typed, dirname(source))
  const inside = typed === '' ? dirname(source) : (await isDirectoryAt(path)) ? path : null
  const named = path.endsWith(SUFFIX) ? path : `${path}${SUFFIX}`
  const output = inside === null ? named : join(inside, `${basename(source)}${SUFFIX}`)
  if (form.has('replace') || !(await isThereAt(output))) return output
  const how = 'check the box to replace it, or save as another'
  throw new BtkitError('exists', `${output}: already exists; ${how}`)
}

/** The page of a torrent that was made. */
function madePage(
  { magnet, findings, ...hashes }: DescribedTorrent,
  { about }: Job,
  source: string,
  mayBeSeeded: boolean,
): PageParts {
  const made = { torrent: about.path, source, hasTrackers: magnet.includes('&tr=') }
  const path = fieldPath(about.path)
  const another = about.form.without('path', 'output', 'name')
  const start =
    mayBeSeeded &&
    html`<button class="main" form="seed" name="act" value="seed">Start seeding</button>`
  const edit = `../edit${query({ torrents: path })}`
  const acts = html`<p class="acts">
    ${start} ${copyMagnet(magnet)}
    <a class="button" href="../${lookAt(about.path)}">Inspect</a>
    <a class="button" href="../check${query({ torrent: path })}">Verify files</a>
    <a class="button" href="${edit}">Edit</a>
    <a class="button" href="${formAddress(about, another)}">Create another</a>
  </p>`
  const command = renderCopied('command', WORDS.commandLine, seedCommand(made))
  return {
    title: `${basename(about.path)} is ready`,
    content: html`${mayBeSeeded && seedForm(made)}
    ${renderItem(
      acts,
      [
        renderCard(
          WORDS.terminal,
          html`<p>Seed it with</p>
            ${command}`,
        ),
        findingsOf(findings, edit),
      ],
      [
        renderCard(WORDS.facts, renderFacts([['Saved as', about.path], ...hashFacts(hashes)])),
        renderFoldedQr(magnet, '../'),
      ],
    )}`,
  }
}

/** The preset of the last torrent. */
const LAST = 'as the last torrent'

/** How the names of torrents end. */
const SUFFIX = '.torrent'
