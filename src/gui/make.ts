import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { BtkitError } from '../errors.js'
import { checkField, type Form, query, textField } from '../pages/form.js'
import { type Answer, seeOther } from '../pages/frame.js'
import { formAddress, type Job } from '../pages/jobs.js'
import {
  applyPreset,
  makePage,
  type Plan,
  type Preset,
  torrentOptions,
} from '../pages/torrent-fields.js'
import { expand, fieldPath, isDirectoryAt, requirePath } from '../pages/picker.js'
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
import { page, startWork, type Tool, type Workshop } from './window.js'

/** The tool that makes a torrent of a file or directory. */
export class MakeTool implements Tool {
  readonly path = 'make'

  constructor(private readonly shop: Workshop) {}

  show(form: Form, error?: BtkitError, plan?: Plan): Answer {
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
    const presets = this.#presets()
    return page({ ...makePage(form, { files, presets, error, plan }), tool: 'make' })
  }

  /** The presets of the configuration, and the values of the last torrent. */
  #presets(): readonly Preset[] {
    const last = readNote(this.#lastForm())
    if (typeof last !== 'object' || last === null) return this.shop.presets
    const given = Object.entries(last).map(([name, value]) => [name, String(value)] as const)
    const fields = Object.fromEntries(given.filter(([name]) => KEPT_FIELDS.includes(name)))
    return [...this.shop.presets, { name: LAST, fields }]
  }

  #lastForm(): NotePlace {
    return { stateDirectory: this.shop.stateDirectory, kind: 'form', key: 'make' }
  }

  async act(form: Form): Promise<Answer> {
    const act = form.text('act')
    if (act === 'seed') return this.#seed(form)
    if (!['make', 'plan', 'preset'].includes(act)) return this.show(form)
    const filled = applyPreset(form, this.#presets())
    if (filled) return this.show(filled)
    if (act === 'make') return this.#begin(form)
    // A preview writes nothing, so the torrent may exist
    const request = { source: this.#source(form), options: torrentOptions(form, this.#presets()) }
    return this.show(form, undefined, await this.shop.work.run('plan', request))
  }

  #source(form: Form): string {
    return requirePath(form, 'path', this.shop.directory)
  }

  #options(form: Form) {
    const { threads } = this.shop
    return { ...torrentOptions(form, this.#presets()), output: this.#output(form), threads }
  }

  /** @throws BtkitError `exists` */
  #output(form: Form): string {
    const source = this.#source(form)
    const typed = form.text('output')
    const path = expand(typed, dirname(source))
    const inside = typed === '' ? dirname(source) : isDirectoryAt(path) ? path : null
    const named = path.endsWith(SUFFIX) ? path : `${path}${SUFFIX}`
    const output = inside === null ? named : join(inside, `${basename(source)}${SUFFIX}`)
    if (!existsSync(output) || form.has('replace')) return output
    const how = 'check the box to replace it, or save as another'
    throw new BtkitError('exists', `${output}: already exists; ${how}`)
  }

  async #begin(form: Form): Promise<Answer> {
    const source = this.#source(form)
    const options = this.#options(form)
    const title = `Torrent of ${basename(source)}`
    const about = { title, tool: 'make', path: options.output, form }
    const job = await startWork(this.shop, { about, name: 'make', request: { source, options } })
    const kept = KEPT_FIELDS.map((name) => [name, form.text(name)] as const)
    writeNote(this.#lastForm(), Object.fromEntries(kept.filter(([, value]) => value !== '')))
    return seeOther(`job/${job.id}`)
  }

  /** Gives a torrent that was made to the user's client. */
  async #seed(form: Form): Promise<Answer> {
    const { client, directory, threads } = this.shop
    if (client === null) throw new BtkitError('usage', 'no client is set; set BTKIT_CLIENT')
    const torrent = requirePath(form, 'torrent', directory)
    const data = dirname(this.#source(form))
    const about = { title: `Seeding of ${basename(torrent)}`, tool: 'make', path: torrent, form }
    const request = { torrent, data, client, threads }
    const job = await startWork(this.shop, { about, name: 'seed', request })
    return seeOther(`job/${job.id}`)
  }

  result(job: Job): Answer {
    const result = job.result as DescribedTorrent | HandedOver
    if ('status' in result) return seededPage(job, result)
    const made = result
    const source = this.#source(job.about.form)
    const mayBeSeeded = this.shop.client !== null
    return page({
      title: `${basename(job.about.path)} is ready`,
      tool: 'make',
      root: '../',
      content: html`${mayBeSeeded && seedForm(job, source)}
      ${madeOf(made, job, { source, mayBeSeeded })} ${findingsOf(made.findings)}`,
    })
  }

  /** The file of the torrent that a job made; null if it made none. */
  static madeBy({ about, state }: Job): string | null {
    return about.tool === 'make' && state === 'done' ? about.path : null
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

function seededPage({ about }: Job, { status }: HandedOver): Answer {
  return page({
    title: basename(about.path),
    tool: 'make',
    root: '../',
    content: html`<p class="note" role="status">${SEEDED[status]}</p>`,
  })
}

/** How the page of a torrent that was made leads on. */
interface NextSteps {
  /** The file or directory that the torrent is of. */
  readonly source: string
  readonly mayBeSeeded: boolean
}

function madeOf(made: DescribedTorrent, { id, about }: Job, more: NextSteps): Html {
  const { source, mayBeSeeded } = more
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
