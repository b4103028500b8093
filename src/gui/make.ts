import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { awaitSystem, BtkitError } from '../errors.js'
import { type FormRoute, formRoutes } from '../pages/app.js'
import { attachmentNamed } from '../server/answers/attachment.js'
import { checkField, type Form, query, textField } from '../pages/form.js'
import type { Answer, PageParts } from '../pages/frame.js'
import { formAddress, type Job } from '../pages/jobs.js'
import {
  applyPreset,
  makePage,
  type Plan,
  type Preset,
  torrentOptions,
} from '../pages/torrent-fields.js'
import {
  expand,
  fieldPath,
  isDirectoryAt,
  isThereAt,
  pickingAnywhere,
  requirePath,
} from '../pages/picker.js'
import {
  hashFacts,
  renderActs,
  renderCopied,
  renderFacts,
  renderFoldedQr,
} from '../server/views/item.js'
import { WORDS } from '../server/views/words.js'
import { type NotePlace, readNote, writeNote } from '../state/notes.js'
import { inShell } from '../text/escape.js'
import { fieldValue, html, type Html } from '../text/html.js'
import { formatBytes } from '../text/quantity.js'
import type { HandedOver } from '../work/seed-torrent.js'
import type { DescribedTorrent } from '../work/work-program.js'
import { startWork } from '../work/work-thread.js'
import type { WindowParts } from './window.js'

/** The pages that make a torrent of a file or directory. */
export function makeRoutes(parts: WindowParts): FormRoute[] {
  return [
    ...formRoutes({
      path: 'make',
      menu: 'Create',
      purpose: 'Create the torrent of a file or directory',
      page: ({ page }) => ({
        show: (form, error) => page(formPage(parts, { form, error })),
        act: async (form) => {
          const wanted = await act(parts, form)
          return 'status' in wanted ? wanted : page(formPage(parts, wanted))
        },
        picking: pickingAnywhere(parts, page, { action: 'make' }),
      }),
    }),
    {
      method: 'GET',
      path: 'job/:id/torrent',
      handle: ({ params }) => madeTorrent(parts.jobs.get(params['id'] ?? '')),
    },
  ]
}

/** A form as its page shows it. */
interface ShownForm {
  readonly form: Form
  readonly error?: BtkitError | undefined
  readonly plan?: Plan
}

function formPage(parts: WindowParts, { form, error, plan }: ShownForm): PageParts {
  const files = html`${textField(form, {
    name: 'path',
    label: 'File or directory',
    hint: 'Choose it, type its path, or drop the path here.',
    pick: true,
  })}
  ${textField(form, {
    name: 'output',
    label: 'Save as',
    hint: 'A name beside the files, or another directory. Default: the name of the files.',
    pick: true,
  })}
  ${checkField(form, 'If it exists', [['replace', 'replace a torrent that is there']])}`
  return makePage(form, { files, presets: presetsOf(parts), error, plan })
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

/** Does what a form asks for; a form is to be shown. */
async function act(parts: WindowParts, form: Form): Promise<Answer | ShownForm> {
  const wanted = form.text('act')
  if (wanted === 'seed') return seed(parts, form)
  if (!['make', 'plan', 'preset'].includes(wanted)) return { form }
  const presets = presetsOf(parts)
  const filled = applyPreset(form, presets)
  if (filled) return { form: filled }
  const source = await requirePath(form, 'path', parts.directory)
  const options = torrentOptions(form, presets)
  // A preview writes nothing, so the torrent may exist
  if (wanted === 'plan') return { form, plan: await parts.work.run('plan', { source, options }) }
  const output = await outputOf(form, source)
  const title = `Torrent of ${basename(source)}`
  const show = (made: DescribedTorrent, job: Job) => madePage(made, job, { source, parts })
  const answer = await startWork(parts, {
    about: { title, tool: 'make', path: output, form, show },
    name: 'make',
    request: { source, options: { ...options, output, threads: parts.threads } },
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

/** Gives a torrent that was made to the user's client. */
async function seed(parts: WindowParts, form: Form): Promise<Answer> {
  const { client, directory, threads } = parts
  if (client === null) throw new BtkitError('usage', 'no client is set; set BTKIT_CLIENT')
  const torrent = await requirePath(form, 'torrent', directory)
  const data = dirname(await requirePath(form, 'path', directory))
  const title = `Seeding of ${basename(torrent)}`
  const about = { title, tool: 'make', path: torrent, form, show: seededPage }
  return startWork(parts, { about, name: 'seed', request: { torrent, data, client, threads } })
}

/** The file of the torrent that a job made. */
async function madeTorrent({ about, state }: Job): Promise<Answer> {
  const { tool, path } = about
  if (tool !== 'make' || state !== 'done')
    throw new BtkitError('not-found', 'this job made no torrent')
  const body = await awaitSystem(path, readFile(path))
  const headers = {
    'Content-Type': 'application/x-bittorrent',
    'Content-Disposition': attachmentNamed(basename(path)),
    'X-Content-Type-Options': 'nosniff',
  }
  return { status: 200, headers, body }
}

/** How the page of a torrent that was made leads on. */
interface NextSteps {
  /** The file or directory that the torrent is of. */
  readonly source: string
  readonly parts: Pick<WindowParts, 'client'>
}

function madePage(made: DescribedTorrent, job: Job, { source, parts }: NextSteps): PageParts {
  const mayBeSeeded = parts.client !== null
  return {
    title: `${basename(job.about.path)} is ready`,
    content: html`${mayBeSeeded && seedForm(job, source)}
    ${madeOf(made, job, { source, mayBeSeeded })} ${findingsOf(made.findings)}`,
  }
}

/** The preset of the last torrent, and its fields. A comment is for one torrent only. */
const LAST = 'as the last torrent'
const KEPT_FIELDS: readonly string[] =
  'trackers webseeds private source version piece exclude all'.split(' ')

/** How the names of torrents end. */
const SUFFIX = '.torrent'

/** The form of the button that gives a torrent to the client. */
function seedForm({ about }: Job, source: string): Html {
  return html`<form method="post" action="../make" id="seed" hidden>
    <input type="hidden" name="torrent" value="${fieldValue(fieldPath(about.path))}" />
    <input type="hidden" name="path" value="${fieldValue(fieldPath(source))}" />
  </form>`
}

const SEEDED: Readonly<Record<HandedOver['status'], string>> = {
  published: 'Your client seeds it now.',
  already: 'Your client seeds it already.',
  adopted: 'Your client seeds it already.',
  checking: 'Your client has it. It checks the files first, and seeds them then.',
}

function seededPage({ status }: HandedOver, { about }: Job): PageParts {
  return {
    title: basename(about.path),
    content: html`<p class="note" role="status">${SEEDED[status]}</p>`,
  }
}

function madeOf(
  made: DescribedTorrent,
  { id, about }: Job,
  { source, mayBeSeeded }: { readonly source: string; readonly mayBeSeeded: boolean },
): Html {
  const { magnet, bytesHashed } = made
  const path = fieldPath(about.path)
  const another = about.form.without('path', 'output', 'name')
  const steps = html`${mayBeSeeded && html`<button class="button" form="seed" name="act" value="seed">Seed with my client</button>`}
    <a class="button" href="../check${query({ torrent: path })}">Verify files</a>
    <a class="button" href="../edit${query({ torrents: path })}">Edit</a>
    <a class="button" href="${formAddress(about, another)}">Make another like this</a>`
  const command = seedCommand(about.path, source, magnet)
  return html`<section>
    ${renderActs({ magnet, torrent: `${id}/torrent`, isAlone: true, more: steps })}
    ${renderFacts([
      ['Saved as', about.path],
      ...hashFacts(made),
      ['Seed it with', renderCopied('command', WORDS.commandLine, command)],
      [
        'Read',
        bytesHashed === 0 ? 'Nothing, because the cache knew the files' : formatBytes(bytesHashed),
      ],
    ])}
    ${renderFoldedQr(magnet)}
  </section>`
}

/** The command that seeds a torrent that was made, for a shell. */
function seedCommand(torrent: string, source: string, magnet: string): string {
  const data = dirname(source)
  return [
    'btkit seed',
    // Without a tracker, nobody else could find the seed
    ...(magnet.includes('&tr=') ? [] : ['--dht']),
    ...(data === dirname(torrent) ? [] : ['--data', inShell(data)]),
    inShell(torrent),
  ].join(' ')
}

export function findingsOf({ first, count }: DescribedTorrent['findings']): Html {
  if (count === 0) return html`<p class="good">No problem was found in the torrent.</p>`
  return html`<section>
    <h2>What could be better</h2>
    <ul>
      ${first.map(({ severity, message }) => html`<li>${severity}: ${message}</li>`)}
    </ul>
    ${count > first.length && html`<p class="muted">${count - first.length} more are not listed.</p>`}
  </section>`
}
