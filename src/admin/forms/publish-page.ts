import { basename } from 'node:path'
import type { ClientAddress } from '../../clients/address.js'
import { BtkitError } from '../../errors.js'
import { publishTorrents, withdrawTorrents } from '../../library/clients.js'
import type { TorrentInput } from '../../library/read.js'
import { hiddenFields, selectField, textField, type Form } from '../../pages/form.js'
import { answerForm, type FormPage } from '../../pages/form-page.js'
import { seeOther, type Answer } from '../../pages/frame.js'
import type { Job, Run } from '../../pages/jobs.js'
import { html, type Html } from '../../text/html.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { findContent } from '../torrents/find-content.js'
import { resolveSource } from '../torrents/source.js'
import { refuseBusy, THREADS } from './jobs-page.js'
import { pickingBelow, query, type FormsParts } from './parts.js'

/** The page that publishes torrents to clients, and withdraws them; none without clients. */
export function publishRoutes(parts: FormsParts): AdminRoute[] {
  if (parts.clients.length === 0) return []
  const handle = (context: AdminContext) => answerForm(context.form, publishPage(parts, context))
  return [{ method: 'POST', path: 'publish', handle }]
}

/** The page that asks for a client and the directory of the files. */
export function publishPage(parts: FormsParts, context: AdminContext): FormPage {
  const [place = ''] = parts.makeFrom
  const show = (form: Form, error?: BtkitError) =>
    showForm(parts, context, { form: form.has('path') ? form : form.with({ path: place }), error })
  return {
    show,
    act: (form) => {
      const wanted = form.text('act')
      if (wanted !== 'publish' && wanted !== 'withdraw') return show(form)
      return seeOther(`job/${begin(parts, context, { form, wanted }).id}`)
    },
    picking: pickingBelow(parts.makeFrom, context, 'publish'),
  }
}

function showForm(
  parts: FormsParts,
  { page }: AdminContext,
  { form, error }: { readonly form: Form; readonly error: BtkitError | undefined },
): Answer {
  const labels = parts.clients.map(({ label }) => label)
  const names = form.all('torrent').map((address) => {
    return html`<li class="name">${basename(address)}</li>`
  })
  return page({
    title: 'Publish to a client',
    error,
    content: html`<form method="post" action="publish">
      ${hiddenFields(form.without('act', 'client', 'path'))}
      <fieldset>
        <legend>Torrents</legend>
        <ul>
          ${names}
        </ul>
      </fieldset>
      <fieldset>
        <legend>Client</legend>
        ${selectField(form, {
          name: 'client',
          label: 'Client',
          choices: labels.map((label) => [label, label]),
        })}
        ${textField(form, {
          name: 'path',
          label: 'Files',
          hint: 'The directory that has the files under the names of the torrents, or one above it.',
          pick: true,
        })}
      </fieldset>
      <div class="acts">
        <button class="main" name="act" value="publish">Publish</button>
        <button name="act" value="withdraw">Withdraw</button>
      </div>
    </form>`,
  })
}

/** A torrent at a client, in words. */
interface ClientOutcome {
  readonly told: string
  readonly isGood: boolean
}

interface Published extends ClientOutcome {
  readonly name: string
}

interface Wanted {
  readonly form: Form
  readonly wanted: 'publish' | 'withdraw'
}

function begin(parts: FormsParts, context: AdminContext, { form, wanted }: Wanted): Job {
  const { collection, jobs } = parts
  const places = form.all('torrent').map((address) => {
    const place = collection.places.torrent(address)
    context.require('publish', collection.ownerOf(place))
    return place
  })
  const client = parts.clients.find(({ label }) => label === form.text('client'))
  if (!client) throw new BtkitError('usage', 'there is no such client')
  refuseBusy(jobs)
  const data = wanted === 'publish' ? resolveSource(parts.makeFrom, form.text('path')) : ''
  const title =
    wanted === 'publish' ? `Publish to ${client.label}` : `Withdraw from ${client.label}`
  return jobs.start({ title, tool: 'torrents', path: form.text('in') }, async (run) => {
    const paths = places.map(({ path }) => path)
    const outcomes =
      wanted === 'publish'
        ? await publish(paths, client, { data, ...run })
        : await withdraw(paths, client, run)
    return places.flatMap(({ category, name }, i): Published[] => {
      const outcome = outcomes[i]
      if (!outcome) return []
      if (outcome.isGood) context.note(wanted, collection.subject(category, name), client.label)
      return [{ name, ...outcome }]
    })
  })
}

async function publish(
  paths: readonly string[],
  client: ClientAddress,
  options: Run & { readonly data: string },
): Promise<ClientOutcome[]> {
  const { data: top } = options
  const places = await findContent(paths, top, options.signal)
  const data = (torrent: TorrentInput) => places.get(torrent as string) ?? top
  const outcomes = await publishTorrents(paths, client, { ...options, data, threads: THREADS })
  return outcomes.map(({ torrent, status, reason }) => {
    const told = reason?.replace(`${torrent}: `, '') ?? PUBLISHED[status] ?? status
    return { told, isGood: reason === null }
  })
}

const PUBLISHED: Readonly<Record<string, string>> = {
  published: 'the client seeds it now',
  already: 'the client seeds it already',
}

async function withdraw(
  paths: readonly string[],
  client: ClientAddress,
  { signal }: Run,
): Promise<ClientOutcome[]> {
  const outcomes = await withdrawTorrents(paths, client, { signal })
  return outcomes.map(({ status }) => {
    return { told: WITHDRAWN[status], isGood: status === 'withdrawn' }
  })
}

const WITHDRAWN = {
  withdrawn: 'withdrawn; its files stay',
  absent: 'the client does not have it',
  left: 'the client has it, but not from btkit; it stays',
}

/** Shows what became of torrents. */
export function publishedPage({ about, result }: Job, { page }: AdminContext): Answer {
  const rows = (result as readonly Published[]).map(({ name, told, isGood }): Html => {
    return html`<li>
      <span class="name">${name}</span>: <span class="${isGood ? 'good' : 'bad'}">${told}</span>
    </li>`
  })
  return page({
    title: about.title,
    root: '../',
    content: html`<section>
        <ul>
          ${rows}
        </ul>
      </section>
      <p><a href="../torrents${query({ in: about.path })}">Back to the torrents</a></p>`,
  })
}
