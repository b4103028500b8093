import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { BtkitError } from '../../errors.js'
import { Form } from '../../pages/form.js'
import { seeOther, type Answer } from '../../pages/frame.js'
import { renderTable, rowBox } from '../../pages/table.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../text/html.js'
import { count, formatBytes } from '../../text/quantity.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { keepTorrents } from '../torrents/keep.js'
import type { Waiting } from '../torrents/waiting-uploads.js'
import { MAX_BYTES, MAX_WAITING, type UploadedFile } from '../torrents/upload.js'
import { categoryField, outcomeOf, type FormsParts } from './parts.js'

/** Limits of the frame around files; WaitingUploads limits the files. */
const LIMITS = {
  fieldNameSize: 100,
  fieldSize: 10_000,
  fields: 10,
  headerPairs: 20,
  files: MAX_WAITING + 1,
  fileSize: 2 * MAX_BYTES,
}

/** The page on which torrents are uploaded, and wait until they are kept. */
export function uploadRoutes(parts: FormsParts): AdminRoute[] {
  const upload = { path: 'upload', needs: 'add' } as const
  return [
    {
      ...upload,
      method: 'GET',
      menu: 'Upload',
      handle: (context) => show(parts, context, { form: context.query }),
    },
    {
      ...upload,
      method: 'POST',
      upload: MAX_BYTES,
      handle: (context) => receive(parts, context),
    },
    { method: 'POST', path: 'waiting', needs: 'add', handle: (context) => empty(parts, context) },
  ]
}

async function receive(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { request, user } = context
  const length = Number(request.headers['content-length'] ?? 0)
  const receiving = parts.uploads.receive(user.name, filesOf(context), length)
  const { names, refused } = await receiving.catch((error: unknown) => {
    throw translate(error, request)
  })
  if (refused.length === 0 && names.length > 0) return seeOther('upload')
  const told = refused.map(({ message }) => html`<li class="bad">${message}</li>`)
  const result = html`<section role="alert">
    <h2>${names.length === 0 && told.length === 0 ? 'No file was chosen' : 'Refused'}</h2>
    <ul>
      ${told}
    </ul>
  </section>`
  return show(parts, context, { form: new Form(), result, status: 400 })
}

/** The files of an upload. Its first part must be a token against forgery. */
async function* filesOf({ request, checkToken }: AdminContext): AsyncGenerator<UploadedFile> {
  if (!request.isMultipart()) throw new BtkitError('usage', 'this is no form with files')
  let isChecked = false
  for await (const part of request.parts({ limits: LIMITS })) {
    if (!isChecked) checkToken(part.type === 'field' ? String(part.value) : '')
    isChecked = true
    if (part.type === 'file' && !isEmpty(part)) yield { name: part.filename, content: part.file }
    else if (part.type === 'file') part.file.resume()
  }
  if (!isChecked) checkToken('')
}

/** Browsers send a file without a name if none was chosen. */
function isEmpty({ filename }: MultipartFile): boolean {
  return (filename as string | undefined) === undefined || filename === ''
}

/** Returns an error of the form itself, or of its connection, in words. */
function translate(error: unknown, { raw }: FastifyRequest): unknown {
  const { statusCode, code } = error as { readonly statusCode?: number; readonly code?: string }
  if (error instanceof BtkitError) return error
  if (raw.destroyed && !raw.complete)
    return new BtkitError('interrupted', 'the upload was broken off')
  if (code === 'FST_FILES_LIMIT')
    return new BtkitError('too-many', `at most ${MAX_WAITING} torrents are uploaded at once`)
  if (statusCode !== undefined && statusCode < 500)
    return new BtkitError('usage', `the upload is broken: ${(error as Error).message}`)
  return error
}

async function empty(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { form, user } = context
  const chosen = form.all('keep')
  if (chosen.length === 0) throw new BtkitError('usage', 'no torrent was chosen; check its box')
  if (form.text('act') === 'discard') {
    parts.uploads.discard(user.name, chosen)
    return seeOther('upload')
  }
  const names = new Map(chosen.map((name) => [name, form.text(`as ${name}`) || name]))
  const keeping = { uploads: parts.uploads, to: form.text('to'), names }
  const outcomes = await keepTorrents(parts.collection, context, keeping)
  parts.changed()
  return show(parts, context, { form, result: outcomeOf(outcomes, 'kept') })
}

interface Shown {
  readonly form: Form
  readonly result?: Html
  readonly status?: number
}

async function show(
  parts: FormsParts,
  context: AdminContext,
  { form, result, status }: Shown,
): Promise<Answer> {
  const waiting = await parts.uploads.list(context.user.name)
  return context.page({
    title: 'Upload',
    status,
    content: html`${result ?? null}
      <form
        method="post"
        action="upload"
        enctype="multipart/form-data"
        data-upload
        data-most-bytes="${MAX_BYTES}"
        data-most-files="${MAX_WAITING}"
      >
        <fieldset>
          <legend>Torrents</legend>
          <div class="field">
            <label for="files">Files</label>
            <input
              type="file"
              id="files"
              name="files"
              multiple
              accept=".torrent,application/x-bittorrent"
            />
            <small>
              Choose .torrent files, or drop them here: at most ${MAX_WAITING}, and
              ${formatBytes(MAX_BYTES)} in all. You will see them before they are tracked.
            </small>
          </div>
          <p class="error" role="alert" hidden></p>
          <div class="acts"><button class="main">Upload</button></div>
        </fieldset>
      </form>
      ${waiting.length > 0 && waitingForm(parts, form, waiting)}`,
  })
}

function waitingForm(parts: FormsParts, form: Form, waiting: readonly Waiting[]): Html {
  return html`<form method="post" action="waiting">
    <section>
      <h2>${count(waiting.length, 'torrent')} not tracked yet</h2>
      <p class="muted">They are removed after a day if you do not keep them.</p>
      ${renderTable({
        label: 'Uploaded torrents',
        columns: [
          { title: '', kind: 'box' },
          { title: 'Keep as', kind: 'wide' },
          { title: 'Content', kind: 'wide' },
          { title: 'Size', kind: 'n' },
        ],
        rows: waiting.map((each) => row(each, form)),
      })}
    </section>
    <section aria-label="Do with the chosen torrents">
      ${categoryField(form, parts.collection, { name: 'to', label: 'Category' })}
      <div class="acts">
        <button class="main" name="act" value="keep">Keep</button>
        <button name="act" value="discard">Discard</button>
      </div>
    </section>
  </form>`
}

function row(waiting: Waiting, form: Form): HtmlValue[] {
  const { name, title, files, size, comment, trackers, findings } = waiting
  const told = [
    ...trackers.map((url) => html`<li><code>${url}</code></li>`),
    ...findings.map(
      ({ severity, message }) =>
        html`<li class="${severity === 'note' ? 'muted' : 'unsure'}">${severity}: ${message}</li>`,
    ),
  ]
  return [
    rowBox({ name: 'keep', value: name, label: name, isChecked: true }),
    html`<input
      type="text"
      name="as ${fieldValue(name)}"
      value="${fieldValue(form.text(`as ${name}`) || name)}"
      aria-label="Keep ${name} as"
    />`,
    html`${title}
      <span class="muted">(${count(files, 'file')})</span>
      ${comment !== null && html`<br /><span class="muted">${comment}</span>`}
      ${
        told.length > 0 &&
        html`<ul>
          ${told}
        </ul>`
      }`,
    formatBytes(size),
  ]
}
