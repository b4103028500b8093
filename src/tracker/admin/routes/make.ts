import { availableParallelism } from 'node:os'
import { basename, join, relative, resolve, sep } from 'node:path'
import { BtkitError, inField } from '../../../base/errors.js'
import { type Form, query, textField } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { type PageParts, seeOther } from '../../../pages/forms/frame.js'
import type { Job } from '../../../pages/forms/jobs.js'
import { typedPath } from '../../../pages/forms/picker.js'
import { applyPreset, makePage, torrentOptions } from '../../../pages/forms/torrent-fields.js'
import type { Plan } from '../../../pages/work/results.js'
import { isWithin, resolveInside } from '../../../disk/look/inside.js'
import { quoteText } from '../../../base/text/escape.js'
import { WORDS } from '../../../page-parts/words.js'
import { html } from '../../../base/text/html.js'
import type { Action, AdminContext, AdminRoute } from '../frame/visit.js'
import { formRoutes } from '../../../pages/forms/app.js'
import { addTorrent } from '../storage/collection.js'
import { isTaken, torrentName } from '../storage/places.js'
import { fileAddress } from './outcome.js'
import { addTop, categoryField, type FormsParts } from './parts.js'

/** The pages that make torrents of files below named directories; none without these. */
export function makeRoutes(parts: FormsParts): AdminRoute[] {
  const { makeFrom: places } = parts
  if (places.length === 0) return []
  const settle = (directory: string) => settleDirectory(places, directory)
  return formRoutes<AdminContext, Action>({
    path: 'make',
    under: 'torrents',
    needs: 'add',
    page: (context) => ({
      show: (given) => {
        // Torrents that are made here usually name this tracker
        const isFresh = parts.announce !== null && !given.has('trackers')
        const usual = { trackers: parts.announce ?? '', ...(parts.isClosed && { private: 'on' }) }
        const form = isFresh ? given.with(usual) : given
        return show(parts, context, form)
      },
      act: (form) => act(parts, context, form),
      picking: { page: context.page, action: 'make', places, begin: places[0] ?? '/', settle },
    }),
  })
}

async function show(
  parts: FormsParts,
  { page }: AdminContext,
  form: Form,
  plan?: Plan,
): Promise<Answer> {
  const { makeFrom, collection, presets } = parts
  return page({
    ...makePage(form, {
      content: html`${textField(form, {
        name: 'path',
        label: 'Content',
        hint: `A file or folder below ${makeFrom.join(' or ')}`,
        pick: true,
      })}
      ${await categoryField(form, collection, { name: 'to', label: 'Category' })}`,
      more: textField(form, {
        name: 'output',
        label: 'Save as',
        placeholder: 'the name of the content, with .torrent at the end',
      }),
      presets,
      plan,
    }),
    ...addTop(parts, 'make'),
  })
}

async function act(parts: FormsParts, context: AdminContext, form: Form): Promise<Answer> {
  const wanted = form.text('act')
  if (!['make', 'plan', 'preset'].includes(wanted)) return show(parts, context, form)
  const filled = applyPreset(form, parts.presets)
  if (filled) return show(parts, context, filled)
  const source = await inField('path', () => resolveSource(parts.makeFrom, form.text('path')))
  const options = torrentOptions(form, parts.presets)
  const plan = await parts.work.run('plan', { source, options }, { signal: context.left })
  if (wanted === 'plan') return show(parts, context, form, plan)
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
  const running = jobs.list().filter(({ state }) => state === 'running')
  if (running.length >= MOST_RUNNING)
    throw new BtkitError('busy', `${MOST_RUNNING} jobs are running; wait for one to end`)
  const category = await inField('to', () => collection.places.category(form.text('to')))
  const name = await inField('output', async () => {
    const wanted = torrentName(form.text('output') || basename(source))
    collection.held.refuse(category.path, wanted)
    if (!(await isTaken(join(category.path, wanted)))) return wanted
    throw new BtkitError('exists', `${wanted}: already exists; choose another name`)
  })
  const about = {
    title: `Torrent of ${basename(source)}`,
    tool: 'make',
    path: category.address,
    form,
    show: (made: string, job: Job<string>) => madePage(made, job, parts.isClosed),
  }
  return jobs.start(about, async (run) => {
    const options = { ...torrentOptions(form, parts.presets), threads: THREADS }
    const bytes = await parts.work.run('makeBytes', { source, options }, run)
    await collection.changeInfo(() => addTorrent(collection, context, { bytes, name, category }))
    await parts.changed()
    return name
  })
}

/** Shows a torrent that was made. */
function madePage(name: string, { about }: Job<string>, isClosed: boolean): PageParts {
  const isFound = isClosed && !about.form.has('private')
  return {
    title: `${name} is tracked`,
    content: html`${isFound && html`<p class="bad">${NOT_PRIVATE}</p>`}
      <p class="acts">
        <a class="button main" href="../${fileAddress(`${about.path}/${name}`)}"
          >${WORDS.downloadTorrent}</a
        >
        <a class="button" href="../torrents${query({ in: about.path, q: name })}"
          >Show it in the list</a
        >
        <a class="button" href="../make${query({ to: about.path })}">Create another</a>
      </p>`,
  }
}

/** The warning about such a torrent of a tracker that shows none. */
const NOT_PRIVATE = 'Not private: clients also find strangers, by the DHT and by each other.'

/** The most jobs at once. */
const MOST_RUNNING = 4

/** The threads that hash; the tracker needs some, too. */
const THREADS = Math.ceil(availableParallelism() / 2)

/** The longest path that Linux accepts, in bytes; characters may be fewer. */
const LONGEST_PATH = 4096

/**
 * Returns the real path of a file or directory below one of several directories, given by their
 * real paths. A path that leads elsewhere, by a link too, is refused like one that is not there.
 * @throws BtkitError `usage`, `not-found`
 */
export async function resolveSource(roots: readonly string[], typed: string): Promise<string> {
  if (typed === '') throw new BtkitError('usage', 'no file or folder was chosen')
  const found = typed.length > LONGEST_PATH ? null : await lookInside(roots, typed)
  if (found !== null) return found.path
  const where = roots.join(' or ')
  throw new BtkitError('not-found', `${quoteText(typed)}: no file or folder below ${where}`)
}

/** Returns a directory below one of several; the first of these if it is somewhere else. */
async function settleDirectory(roots: readonly string[], directory: string): Promise<string> {
  const found = await lookInside(roots, directory)
  return found?.kind === 'directory' ? found.path : (roots[0] ?? '/')
}

async function lookInside(roots: readonly string[], typed: string) {
  const path = resolve(roots[0] ?? '/', typedPath(typed))
  const root = roots.find((each) => isWithin(path, each))
  if (root === undefined || path.includes('\0')) return null
  const names = relative(root, path).split(sep).filter(Boolean)
  const found = await resolveInside(root, names)
  return found.kind === 'file' || found.kind === 'directory' ? found : null
}
