import { basename, join } from 'node:path'
import { BtkitError } from '../../../base/errors.js'
import { type Form, query, textField } from '../../../pages/forms/form.js'
import { type Answer, type PageParts, seeOther } from '../../../pages/forms/frame.js'
import type { Job } from '../../../pages/forms/jobs.js'
import { applyPreset, makePage, torrentOptions } from '../../../pages/forms/torrent-fields.js'
import type { Plan } from '../../../pages/work/results.js'
import { html } from '../../../base/text/html.js'
import type { Action, AdminContext, AdminRoute } from '../frame/visit.js'
import { formRoutes } from '../../../pages/forms/app.js'
import { addTorrent } from '../storage/collection.js'
import { isTaken, torrentName } from '../storage/places.js'
import {
  categoryField,
  type FilledForm,
  type FormsParts,
  pickingBelow,
  refuseBusy,
  resolveSource,
  THREADS,
} from './parts.js'

/** The pages that make torrents of files below named directories; none without these. */
export function makeRoutes(parts: FormsParts): AdminRoute[] {
  if (parts.makeFrom.length === 0) return []
  return formRoutes<AdminContext, Action>({
    path: 'make',
    menu: 'Create',
    needs: 'add',
    page: (context) => ({
      show: (form, error) => show(parts, context, { form: fresh(parts, form), error }),
      act: (form) => act(parts, context, form),
      picking: pickingBelow(parts.makeFrom, context),
    }),
  })
}

/** Torrents that are made here usually name this tracker. */
function fresh({ announce }: FormsParts, form: Form): Form {
  return announce === null || form.has('trackers') ? form : form.with({ trackers: announce })
}

async function show(
  parts: FormsParts,
  { page }: AdminContext,
  { form, error, plan }: FilledForm & { readonly plan?: Plan | undefined },
): Promise<Answer> {
  const { makeFrom, collection, presets } = parts
  return page(
    makePage(form, {
      content: html`${textField(form, {
        name: 'path',
        label: 'Content',
        hint: `A file or directory below ${makeFrom.join(' or ')}`,
        pick: true,
      })}
      ${await categoryField(form, collection, { name: 'to', label: 'Category' })}`,
      more: textField(form, {
        name: 'output',
        label: 'Save as',
        placeholder: 'the name of the content, with .torrent at the end',
      }),
      presets,
      error,
      plan,
    }),
  )
}

async function act(parts: FormsParts, context: AdminContext, form: Form): Promise<Answer> {
  const wanted = form.text('act')
  if (!['make', 'plan', 'preset'].includes(wanted)) return show(parts, context, { form })
  const filled = applyPreset(form, parts.presets)
  if (filled) return show(parts, context, { form: filled })
  const source = await resolveSource(parts.makeFrom, form.text('path'))
  const options = torrentOptions(form, parts.presets)
  const plan = await parts.work.run('plan', { source, options }, { signal: context.left })
  if (wanted === 'plan') return show(parts, context, { form, plan })
  return seeOther(`job/${(await begin(parts, context, form, source)).id}`)
}

/** Starts to make a torrent, after all that could be wrong was checked. */
async function begin(
  parts: FormsParts,
  context: AdminContext,
  form: Form,
  source: string,
): Promise<Job<string>> {
  const { collection, jobs } = parts
  refuseBusy(jobs)
  const name = torrentName(form.text('output') || basename(source))
  const category = await collection.places.category(form.text('to'))
  collection.held.refuse(category.path, name)
  if (await isTaken(join(category.path, name)))
    throw new BtkitError('exists', `${name}: already exists; choose another name`)
  const about = {
    title: `Torrent of ${basename(source)}`,
    tool: 'make',
    path: category.address,
    form,
    show: madePage,
  }
  return jobs.start(about, async (run) => {
    const options = { ...torrentOptions(form, parts.presets), threads: THREADS }
    const bytes = await parts.work.run('makeBytes', { source, options }, run)
    await collection.changeInfo(() => addTorrent(collection, context, { bytes, name, category }))
    parts.changed()
    return name
  })
}

/** Shows a torrent that was made. */
function madePage(name: string, { about }: Job<string>): PageParts {
  return {
    title: `${name} is tracked`,
    content: html`<p class="acts">
      <a class="main" href="../torrents${query({ in: about.path, q: name })}">Inspect</a>
      <a href="../make${query({ to: about.path })}">Create another</a>
    </p>`,
  }
}
