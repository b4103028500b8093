import type { FastifyRequest } from 'fastify'
import { BtkitError } from '../../../base/errors.js'
import {
  checkField,
  described,
  Form,
  linesField,
  query,
  selectField,
  textField,
} from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { statusOf } from '../../../server/headers/refusal.js'
import { type Html, html } from '../../../base/text/html.js'
import { counted, formatBytes } from '../../../base/text/quantity.js'
import { outcomeOf, torrentLinks } from './outcome.js'
import { addTop, choicesOf, type FormsParts } from './parts.js'
import { shownName } from '../storage/places.js'
import { uploadTable, wishesAt } from './upload-table.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import {
  type UploadedFile,
  addUploads,
  MAX_UPLOAD,
  type UploadOutcome,
} from '../storage/add-uploads.js'

/** The most files of an upload. */
export const MOST_FILES = 500

/** Bytes of all files of an upload, which are kept in memory until it ends. */
const MAX_BYTES = 64 * 1024 * 1024

/** Bytes of an upload beside its files, at most. */
const FRAME = 1024 * 1024

/** Receives the files of an upload, within its limits. */
export class Receipt {
  #bytes = 0
  #files = 0

  /**
   * `length` is the size of the upload as far as known.
   * @throws BtkitError `too-large`
   */
  constructor(length: number) {
    if (length > MAX_BYTES + FRAME) throw tooLarge()
  }

  /**
   * Returns the bytes of a file; null if they are too many for a torrent.
   * @throws BtkitError `too-large`, `too-many`
   */
  async receive(content: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
    if (++this.#files > MOST_FILES)
      throw new BtkitError('too-many', `at most ${MOST_FILES} torrents are uploaded at once`)
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of content) {
      length += chunk.length
      this.#bytes += chunk.length
      if (this.#bytes > MAX_BYTES) throw tooLarge()
      if (length <= MAX_UPLOAD) chunks.push(chunk)
    }
    return length > MAX_UPLOAD ? null : Buffer.concat(chunks)
  }
}

function tooLarge(): BtkitError {
  const limit = formatBytes(MAX_BYTES)
  const how = 'upload fewer, and not the data itself'
  return new BtkitError('too-large', `at most ${limit} of torrents are uploaded at once; ${how}`)
}

/** A row of the table of files has a name, a category, a description, and a box. */
const FIELDS_A_FILE = 4

/** Limits of the frame around files; Receipt limits the files. */
const LIMITS = {
  fieldNameSize: 100,
  fieldSize: 10_000,
  fields: 10 + FIELDS_A_FILE * MOST_FILES,
  headerPairs: 20,
  files: MOST_FILES + 1,
  fileSize: 2 * MAX_BYTES,
}

/** The page on which torrents are uploaded. */
export function uploadRoutes(parts: FormsParts): AdminRoute[] {
  const upload = { path: 'upload', needs: 'add' } as const
  /** Users whose uploads are under way. */
  const arriving = new Set<string>()
  const receive = async (context: AdminContext): Promise<Answer> => {
    const { name } = context.user
    const refuse = (error: BtkitError) => {
      const { query: form } = context
      form.error = error
      return show(parts, context, form)
    }
    if (arriving.has(name))
      return refuse(
        new BtkitError('busy', 'another upload of yours has not ended yet; wait for it'),
      )
    arriving.add(name)
    try {
      // Also if the upload is broken: no other error comes from the form's parts in memory
      const upload = receiveParts(context).catch((error: unknown) => {
        throw translate(error, context.request)
      })
      return await add(parts, context, await upload)
    } catch (error) {
      if (!(error instanceof BtkitError)) throw error
      return await refuse(error)
    } finally {
      arriving.delete(name)
    }
  }
  return [
    {
      ...upload,
      method: 'GET',
      under: 'torrents',
      handle: (context) => show(parts, context, context.query),
    },
    { ...upload, method: 'POST', upload: MAX_BYTES, handle: receive },
  ]
}

async function add(
  parts: FormsParts,
  context: AdminContext,
  { form, files }: ReceivedUpload,
): Promise<Answer> {
  if (form.text('act') === 'look') return show(parts, context, form, files)
  if (files.length > 1 && form.text('name') !== '')
    throw new BtkitError('usage', 'only a single file can be saved under another name').in('name')
  const wanted = files.map((file, at) => {
    const { name: as, ...wishes } = wishesAt(form, at)
    return { ...file, ...wishes, as }
  })
  const own = { urls: parts.announceUrls, added: parts.announce }
  const outcomes = await addUploads(parts.collection, context, wanted, own)
  const known = outcomes.filter(({ naming }) => naming === 'known')
  const others = outcomes.filter(({ naming }) => naming !== 'known')
  const done = others.filter(({ error }) => error === null)
  const isPublic = ({ isPrivate }: UploadOutcome) => parts.isClosed && !isPrivate
  const added = html`${linksTo(done)} ${trackerNote(done)} ${publicNote(done.filter(isPublic))}`
  const next = `upload${query({ to: form.text('to') })}`
  const before = html`<div class="note" role="status">
    ${counted(known.length, 'torrent')} ${known.length === 1 ? 'was' : 'were'} there already.
    ${linksTo(known)}
  </div>`
  const said = html`${outcomeOf(others, 'added', added)} ${known.length > 0 && before}`
  return context.seeOther(next, said)
}

function linksTo(outcomes: readonly UploadOutcome[]): Html {
  return torrentLinks(outcomes.map(({ address }) => address))
}

/** Says which torrents were changed to name this tracker, and which do not name it. */
function trackerNote(done: readonly UploadOutcome[]): Html {
  const namesOf = (wanted: UploadOutcome['naming']) => {
    const some = done.filter(({ naming }) => naming === wanted)
    return some.map(({ address }) => shownName(address)).join(', ')
  }
  const [changed, missing] = [namesOf('added'), namesOf('missing')]
  const why = 'No client announces here, because these torrents do not name this tracker:'
  return html`${changed !== '' && html`This tracker was added to ${changed}.`}
  ${missing !== '' && html`<span class="bad">${why} ${missing}.</span>`}`
}

/** Says which torrents of a tracker that shows none are found by others, too. */
function publicNote(some: readonly UploadOutcome[]): Html {
  const names = some.map(({ address }) => shownName(address)).join(', ')
  return html`${names !== '' && html`<span class="bad">${NOT_PRIVATE} ${names}.</span>`}`
}

/** The warning before the names of torrents that are not private. */
const NOT_PRIVATE =
  'Not private, so that clients also find strangers, by the DHT and by each other:'

interface ReceivedUpload {
  readonly form: Form
  readonly files: readonly UploadedFile[]
}

/** Receives the parts of a form. The first must be a token against forgery. */
async function receiveParts({ request, checkToken }: AdminContext): Promise<ReceivedUpload> {
  if (!request.isMultipart()) throw new BtkitError('usage', 'this is no form with files')
  const fields = new URLSearchParams()
  const files: UploadedFile[] = []
  const receipt = new Receipt(Number(request.headers['content-length'] ?? 0))
  let isChecked = false
  for await (const part of request.parts({ limits: LIMITS })) {
    if (!isChecked) checkToken(part.type === 'field' ? String(part.value) : '')
    isChecked = true
    if (part.type === 'field') fields.append(part.fieldname, String(part.value).trim())
    // Browsers send a file without a name if none was chosen
    else if (!(part.filename as string | undefined)) part.file.resume()
    else files.push({ name: part.filename, bytes: await receipt.receive(part.file) })
  }
  if (!isChecked) checkToken('')
  return { form: new Form(fields).without('token'), files }
}

/** Returns an error of the form itself, or of its connection, in words. */
function translate(error: unknown, { raw }: FastifyRequest): BtkitError {
  if (error instanceof BtkitError) return error
  if (raw.destroyed && !raw.complete)
    return new BtkitError('interrupted', 'the upload was broken off')
  const { code, message } = error as Error & { readonly code?: string }
  if (code === 'FST_FILES_LIMIT')
    return new BtkitError('too-many', `at most ${MOST_FILES} torrents are uploaded at once`)
  return new BtkitError('usage', `the upload is broken: ${message}`)
}

function filesField(form: Form): Html {
  return html`<div class="field">
    <label for="files">Files</label>
    <input
      type="file"
      id="files"
      name="files"
      multiple
      accept=".torrent,application/x-bittorrent"
      ${described(form, { name: 'files' })}
    />
    <small>
      Choose .torrent files, or drop them anywhere on this page. At most ${MOST_FILES} files, of at
      most ${formatBytes(MAX_UPLOAD)} each and ${formatBytes(MAX_BYTES)} in all.
    </small>
  </div>`
}

/** Bytes of files that are sent once more to be shown before they are added. */
const MOST_SHOWN = 8 * 1024 * 1024

async function show(
  parts: FormsParts,
  context: AdminContext,
  form: Form,
  files: readonly UploadedFile[] = [],
): Promise<Answer> {
  const { collection, announce } = parts
  const categories = choicesOf(await collection.places.list())
  const table = files.length > 0 && (await uploadTable(parts, form, files, categories))
  const own = form.text('act') === 'look' ? form : form.with({ addTracker: 'on' })
  return context.page({
    ...addTop(parts, 'upload'),
    error: form.error,
    status: form.error && statusOf(form.error),
    content: html`<form
      method="post"
      action="upload"
      enctype="multipart/form-data"
      data-upload
      data-most-bytes="${MAX_BYTES}"
      data-most-files="${MOST_FILES}"
      data-most-shown="${MOST_SHOWN}"
    >
      <section class="card">
        ${filesField(form)}
        ${selectField(form, { name: 'to', label: 'Category', choices: categories })}
        ${linesField(form, {
          name: 'description',
          label: 'Description',
          hint: 'The comment of the torrent.',
        })}
        <noscript>
          ${textField(form, {
            name: 'name',
            label: 'Save as',
            hint: 'For a single file. Default: the name of the file.',
          })}
        </noscript>
        ${
          announce !== null &&
          html`<div data-for-all>
            ${checkField(own, 'Trackers', [
              ['addTracker', `Add this tracker to torrents that do not name it: ${announce}`],
            ])}
          </div>`
        }
        <div data-files>${table}</div>
        <p class="error" role="alert" hidden></p>
        <div class="acts"><button class="main">Add</button></div>
      </section>
    </form>`,
  })
}
