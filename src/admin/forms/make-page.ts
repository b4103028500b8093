import { basename, join } from 'node:path'
import { BtkitError } from '../../errors.js'
import { makeTorrent } from '../../library/make.js'
import { planTorrent, type PlannedTorrent } from '../../library/plan.js'
import { Form, defaultAct, textField } from '../../pages/form.js'
import { problem, seeOther, type Answer } from '../../pages/frame.js'
import type { Job } from '../../pages/jobs.js'
import { pick } from '../../pages/picker.js'
import { planSection } from '../../pages/plan.js'
import {
  applyPreset,
  presetField,
  torrentFields,
  torrentOptions,
} from '../../pages/torrent-fields.js'
import { html } from '../../text/html.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { addTorrent } from '../torrents/keep.js'
import { torrentName } from '../torrents/names.js'
import { isTaken } from '../torrents/places.js'
import { resolveSource, settleDirectory } from '../torrents/source.js'
import { refuseBusy, THREADS } from './jobs-page.js'
import { categoryField, query, type FormsParts } from './parts.js'

/** The pages that make torrents of files below named directories; none without these. */
export function makeRoutes(parts: FormsParts): AdminRoute[] {
  if (parts.makeFrom.length === 0) return []
  return [
    {
      method: 'GET',
      path: 'make',
      menu: { title: 'Make', needs: 'add' },
      handle: (context) => show(parts, context, { form: fresh(parts, context.query) }),
    },
    { method: 'POST', path: 'make', handle: (context) => act(parts, context) },
  ]
}

/** Torrents that are made here usually name this tracker. */
function fresh({ announce }: FormsParts, form: Form): Form {
  return announce === null || form.has('trackers') ? form : form.with({ trackers: announce })
}

interface Shown {
  readonly form: Form
  readonly error?: string
  readonly plan?: PlannedTorrent
}

function show(parts: FormsParts, { page }: AdminContext, { form, error, plan }: Shown): Answer {
  return page({
    title: 'Make a torrent',
    status: error === undefined ? 200 : 400,
    content: html`${problem(error ?? null)} ${plan ? planSection(plan) : null}
      <form method="post" action="make">
        ${defaultAct('make')}
        <fieldset>
          <legend>Files</legend>
          ${textField(form, {
            name: 'path',
            label: 'File or directory',
            hint: `Below ${parts.makeFrom.join(' or ')}`,
            pick: true,
          })}
          ${categoryField(form, parts.collection, { name: 'to', label: 'Category' })}
          ${textField(form, {
            name: 'output',
            label: 'Save as',
            hint: 'Default: the name of the files, with .torrent at the end.',
          })}
        </fieldset>
        ${presetField(form, parts.presets)} ${torrentFields(form)}
        <div class="acts">
          <button class="main" name="act" value="make">Make the torrent</button>
          <button name="act" value="plan">Preview</button>
        </div>
      </form>`,
  })
}

async function act(parts: FormsParts, context: AdminContext): Promise<Answer> {
  context.require('add')
  const { makeFrom } = parts
  const form = pick(context.form, {
    page: context.page,
    action: 'make',
    places: makeFrom,
    begin: makeFrom[0] ?? '/',
    settle: (directory) => settleDirectory(makeFrom, directory),
  })
  if (!(form instanceof Form)) return form
  try {
    return await make(parts, context, form)
  } catch (error) {
    if (error instanceof BtkitError) return show(parts, context, { form, error: error.message })
    throw error
  }
}

async function make(parts: FormsParts, context: AdminContext, form: Form): Promise<Answer> {
  const wanted = form.text('act')
  if (wanted === 'preset') return show(parts, context, { form: applyPreset(form, parts.presets) })
  if (wanted !== 'make' && wanted !== 'plan') return show(parts, context, { form })
  const source = resolveSource(parts.makeFrom, form.text('path'))
  const options = torrentOptions(form)
  const plan = await planTorrent(source, options)
  if (wanted === 'plan') return show(parts, context, { form, plan })
  return seeOther(`job/${begin(parts, context, { form, source }).id}`)
}

/** Starts to make a torrent, after all that could be wrong was checked. */
function begin(
  parts: FormsParts,
  context: AdminContext,
  { form, source }: { readonly form: Form; readonly source: string },
): Job {
  const { collection, jobs } = parts
  refuseBusy(jobs)
  const name = torrentName(form.text('output') || basename(source))
  const category = collection.places.category(form.text('to'))
  collection.held.refuse({ address: '', category, name, path: '' })
  if (isTaken(join(category.path, name)))
    throw new BtkitError('exists', `${name}: is there already; choose another name`)
  const about = { title: `Torrent of ${basename(source)}`, tool: 'make', path: category.address }
  return jobs.start(about, async (run) => {
    const options = { ...torrentOptions(form), threads: THREADS, ...run }
    const { bytes } = await makeTorrent(source, options)
    await collection.change(() => addTorrent(collection, context, { bytes, name, category }))
    parts.changed()
    return name
  })
}

/** Shows a torrent that was made. */
export function madePage({ about, result: name }: Job, { page }: AdminContext): Answer {
  return page({
    title: `${String(name)} is tracked`,
    root: '../',
    content: html`<p>
      <a href="../torrents${query({ in: about.path, q: String(name) })}">Show it</a>
      <a href="../make${query({ to: about.path })}">Make another</a>
    </p>`,
  })
}
