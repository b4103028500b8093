import { basename } from 'node:path'
import type { Skip } from '../../core/complete/report.js'
import { BtkitError } from '../../base/errors.js'
import { type FormRoute, formRoutes } from '../forms/app.js'
import { renderBytes } from '../../page-parts/rows.js'
import { renderTable, rowBox } from '../../page-parts/table.js'
import type { Excerpt } from '../work/results.js'
import { checkField, defaultAct, type Form, hiddenFields, query, textField } from '../forms/form.js'
import type { Answer } from '../../server/headers/answer.js'
import type { PageParts } from '../forms/frame.js'
import { formAddress, type Job, type Jobs } from '../forms/jobs.js'
import { fieldPath, isDirectoryAt, pickingAnywhere, requirePath } from '../forms/picker.js'
import {
  applyPreset,
  type Preset,
  presetField,
  moreFields,
  torrentOptions,
  usualFields,
} from '../forms/torrent-fields.js'
import { fieldValue, html, type Html } from '../../base/text/html.js'
import { counted, formatBytes, formatNumber } from '../../base/text/quantity.js'
import type { Completed, EntryChoice, ListedChange } from '../work/gui-work.js'
import { startWork } from '../forms/start-work.js'
import { lookAt } from './look.js'
import type { WindowParts } from './window.js'

/** The page that creates and updates the torrents of a directory's entries. */
export function completeRoutes(parts: WindowParts): FormRoute[] {
  const { presets } = parts
  return formRoutes({
    path: 'complete',
    menu: 'Create many',
    purpose: 'Create the torrents that files of a folder lack',
    page: ({ page }) => ({
      show: (form) => page(formPage(form, presets)),
      act: (form) => {
        const act = form.text('act')
        if (!['look', 'make', 'preset'].includes(act)) return page(formPage(form, presets))
        const filled = applyPreset(form, presets)
        return filled ? page(formPage(filled, presets)) : begin(parts, form, act === 'look')
      },
      picking: pickingAnywhere(parts, page, { action: 'complete' }),
    }),
  })
}

const CHOICES = [
  ['remake', 'update torrents that were made with other options'],
  ['adopt', 'adopt torrents that other programs made, if they match'],
  ['force', 'replace torrents that others made or edited'],
] as const

function formPage(form: Form, presets: readonly Preset[]): PageParts {
  return {
    title: 'Create many torrents',
    error: form.error,
    content: html`<form method="post" action="complete" data-keep>
      ${defaultAct('look')}
      <section class="card">
        ${presetField(form, presets)}
        ${textField(form, {
          name: 'path',
          label: 'Folder',
          hint: 'Each file and folder in it gets a torrent.',
          pick: true,
        })}
        ${usualFields(form)}
      </section>
      ${moreFields(
        form,
        html`${textField(form, {
          name: 'target',
          label: 'Save to',
          placeholder: 'beside the files',
          pick: true,
        })}
        ${checkField(form, 'Existing torrents', CHOICES)}`,
      )}
      <div class="acts">
        <button class="main" name="act" value="look">Next</button>
      </div>
    </form>`,
  }
}

async function begin(parts: WindowParts, form: Form, isLook: boolean): Promise<Answer> {
  const { directory, stateDirectory, presets, jobs } = parts
  const path = await requireDirectory(form, 'path', directory)
  const isBeside = form.text('target') === ''
  const target = isBeside ? path : await requireDirectory(form, 'target', directory)
  const only = oneIn(form)
  const options = {
    ...torrentOptions(form, presets),
    stateDirectory,
    dryRun: isLook,
    remake: form.has('remake'),
    adopt: only?.act === 'adopt' || (form.has('adopt') && !form.has('force')),
    force: only?.act === 'force' || form.has('force'),
    ...(target === path ? {} : { target }),
    ...(form.text('trackers') === '' ? { trackers: undefined } : {}),
  }
  const title = `${isLook ? 'Plan for' : 'Torrents of'} ${basename(path)}`
  const show = (report: Completed, job: Job<Completed>) => resultPage(report, job, isLook)
  const about = { title, tool: 'complete', path, form, show }
  const chosen = only ? { only: [only.name] } : isLook ? {} : chosenIn(form, jobs)
  const request = { path, options, ...chosen }
  return startWork(parts, { about, name: 'complete', request })
}

/**
 * The entries whose boxes in a plan are checked.
 * @throws BtkitError `usage` if there are none
 */
function chosenIn(form: Form, jobs: Jobs): EntryChoice {
  const plan = form.text('plan')
  if (plan === '') return {}
  const report = jobs.get(plan).result as Completed
  const entries = form.all('entry').map((name) => name.replaceAll('\r\n', '\n'))
  const listed = changesIn(report).flatMap(({ first }) =>
    first.map(({ source }) => basename(source)),
  )
  const unchecked = listed.filter((name) => !entries.includes(name))
  const takesRest = unlistedIn(report) === 0 ? unchecked.length === 0 : form.has('rest')
  if (takesRest) return unchecked.length === 0 ? {} : { except: unchecked }
  if (entries.length === 0) throw new BtkitError('usage', 'no entry was chosen; check some boxes')
  return { only: entries }
}

function resultPage(report: Completed, job: Job<Completed>, isLook: boolean): PageParts {
  const { created, updated, failed } = report
  const isIdle = created.count + updated.count === 0
  const done = failed.count > 0 ? 'Not all could be done' : isLook ? 'Nothing to do' : 'Done'
  const isPlan = isLook && !isIdle
  const { form } = job.about
  return {
    title: isPlan ? 'Torrents to create' : done,
    content: html`${sumOf(report, job.about.path, isLook)}
    ${isPlan ? planForm(report, form.with({ plan: job.id })) : tablesOf(report, false)}
    ${isLook ? othersForm(report, form) : othersOf(report, false)}
    ${
      !isPlan &&
      html`<p class="acts">
        <a class="button main" href="${formAddress(job.about, form.without(...OF_PLAN))}"
          >Back to the form</a
        >
      </p>`
    }`,
  }
}

/** @throws BtkitError `not-found` */
async function requireDirectory(form: Form, name: string, directory: string): Promise<string> {
  const path = await requirePath(form, name, directory)
  if (await isDirectoryAt(path)) return path
  throw new BtkitError('not-found', `${path}: not a folder; choose one, or make it there`).in(name)
}

function sumOf(report: Completed, path: string, isPlan: boolean): Html {
  const { created, updated, unchanged, bytesHashed, bytesReused } = report
  const made = created.count + updated.count
  const wanted = changesIn(report).flatMap(({ first }) => first.map(({ size }) => size ?? 0))
  const bytes = wanted.reduce((sum, size) => sum + size, 0)
  const sums = [
    made > 0 && `${counted(made, 'torrent')} ${isPlan ? 'to create' : 'created'}`,
    isPlan && bytes > 0 && `${formatBytes(bytes)} of content`,
    unchanged > 0 && `${counted(unchanged, 'torrent')} up to date`,
    !isPlan && bytesHashed > 0 && `${formatBytes(bytesHashed)} read`,
    !isPlan && bytesReused > 0 && `${formatBytes(bytesReused)} did not have to be read`,
  ].filter((each) => each !== false)
  return html`<p class="note" role="status">
    <span class="name">${path}</span>${sums.length > 0 && `: ${sums.join(', ')}`}
  </p>`
}

/** Fields of a plan that a form does not have. */
const OF_PLAN = ['plan', 'entry', 'rest', 'adopt-one', 'force-one']

/** The entries that are left alone, with buttons for each. */
function othersForm(report: Completed, form: Form): Html {
  return html`<form method="post" action="../complete">
    ${hiddenFields(form.without(...OF_PLAN).with({ act: 'make' }))} ${othersOf(report, true)}
  </form>`
}

/** The plan, from which entries can be chosen. */
function planForm(report: Completed, form: Form): Html {
  const rest = unlistedIn(report)
  return html`<form method="post" action="../complete">
    ${hiddenFields(form.without('act', 'entry', 'rest'))}
    <p class="acts">
      <button class="main" name="act" value="make">Create the checked torrents</button>
      ${
        rest > 0 &&
        html`<label
          ><input type="checkbox" name="rest" checked /> and
          ${rest === 1 ? 'one entry that is' : `${rest} entries that are`} not listed</label
        >`
      }
    </p>
    ${tablesOf(report, true)}
  </form>`
}

/** The number of entries that a plan does not list. */
function unlistedIn(report: Completed): number {
  return changesIn(report).reduce((sum, { first, count }) => sum + count - first.length, 0)
}

function changesIn({ created, updated, adopted, removed }: Completed): Excerpt<ListedChange>[] {
  return [created, updated, adopted, removed]
}

function tablesOf({ created, updated, adopted, removed }: Completed, isPlan: boolean): Html[] {
  const kinds = [
    { title: isPlan ? 'Need a torrent' : 'New torrents', changes: created },
    { title: isPlan ? 'Are out of date' : 'Updated torrents', changes: updated },
    { title: 'Adopted torrents', changes: adopted },
    { title: 'Removed torrents', changes: removed },
  ]
  return kinds
    .filter(({ changes }) => changes.count > 0)
    .map(({ title, changes }) => tableOf(title, changes, isPlan))
}

const COLUMNS = [
  ['Entry', 'name'],
  ['Torrent', 'get'],
] as const
const PLAN_COLUMNS = [
  ['', 'pick'],
  ['Entry', 'name'],
  ['Size', 'n'],
] as const

function tableOf(title: string, changes: Excerpt<ListedChange>, isPlan: boolean): Html {
  const rows = changes.first.map((change) => {
    const name = basename(change.source)
    // A plan knows no new info hashes: nothing was read
    const { size } = change
    const box = () => rowBox('entry', name, name, true)
    if (isPlan) return [box(), name, size !== null && renderBytes(size)]
    return [name, linksOf(change, name)]
  })
  const columns = isPlan ? PLAN_COLUMNS : COLUMNS
  const rest = changes.count - rows.length
  return html`<h2>${title} (${formatNumber(changes.count)})</h2>
    ${renderTable({ label: title, columns, rows })}
    ${rest > 0 && html`<p class="muted">and ${formatNumber(rest)} more</p>`}`
}

/** Leads on from a torrent; nothing if it was removed. */
function linksOf({ torrent, source, infoHash, infoHashV2 }: ListedChange, name: string) {
  if (infoHash === null && infoHashV2 === null) return null
  const file = fieldPath(torrent)
  const check = query({ torrent: file, data: fieldPath(source) })
  const edit = query({ torrents: file })
  return html`<a href="../${lookAt(torrent)}" aria-label="Inspect the torrent of ${name}"
      >inspect</a
    >
    <a href="../check${check}" aria-label="Verify ${name}">verify</a>
    <a href="../edit${edit}" aria-label="Edit the torrent of ${name}">edit</a>`
}

/** Why an entry was left alone, and the buttons of a plan that do it nevertheless. */
const REASONS: Partial<Record<Skip['reason'], readonly [why: string, act?: OneAct]>> = {
  foreign: ['its torrent was not made here, or was changed since', 'adopt'],
  outdated: ['another program made its torrent, which does not match any more', 'force'],
  edited: ['its torrent was edited', 'force'],
  empty: ['it holds no bytes'],
  'too new': ['it changed a moment ago'],
}

/** The acts of buttons on the torrent of one entry that was left alone. */
type OneAct = 'adopt' | 'force'
const ONE_ACTS: Readonly<Record<OneAct, string>> = {
  adopt: 'Adopt',
  force: 'Create again',
}

/** The entry whose button was pressed, with line breaks as the disk has them; null for none. */
function oneIn(form: Form): { readonly act: OneAct; readonly name: string } | null {
  for (const act of ['adopt', 'force'] as const) {
    if (form.has(`${act}-one`))
      return { act, name: form.raw(`${act}-one`).replaceAll('\r\n', '\n') }
  }
  return null
}

function othersOf({ skipped, failed }: Completed, isPlan: boolean): Html[] {
  const left = skipped.first.map(({ source, reason }) => {
    const [why, act] = REASONS[reason] ?? [reason]
    const acts = isPlan && act ? oneActs(basename(source), act) : null
    return itemOf(source, html`<span class="unsure">${why}</span> ${acts}`)
  })
  const broken = failed.first.map(({ source, message }) =>
    itemOf(source, html`<span class="bad">${message}</span>`),
  )
  return [
    ...listOf(`Left alone (${formatNumber(skipped.count)})`, left),
    ...listOf(`Failed (${formatNumber(failed.count)})`, broken),
  ]
}

/** Buttons for one entry: a foreign torrent may be adopted or replaced, others only replaced. */
function oneActs(name: string, act: OneAct): Html[] {
  const acts: OneAct[] = act === 'adopt' ? ['adopt', 'force'] : [act]
  return acts.map((each) => {
    const label = `${ONE_ACTS[each]}: ${name}`
    return html`<button name="${each}-one" value="${fieldValue(name)}" aria-label="${label}">
      ${ONE_ACTS[each]}
    </button> `
  })
}

function itemOf(path: string, told: Html): Html {
  return html`<li><span class="name">${basename(path)}</span>: ${told}</li>`
}

function listOf(title: string, items: readonly Html[]): Html[] {
  if (items.length === 0) return []
  return [
    html`<section class="card">
      <h2>${title}</h2>
      <ul>
        ${items}
      </ul>
    </section>`,
  ]
}
