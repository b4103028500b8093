import { basename, dirname } from 'node:path'
import type { BtkitError } from '../errors.js'
import { defaultAct, type Form, query, textField } from '../pages/form.js'
import { type Answer, seeOther } from '../pages/frame.js'
import { fieldPath, requirePath } from '../pages/picker.js'
import { renderTable } from '../pages/table.js'
import { renderQrCode } from '../server/views/qr-code.js'
import { clipText } from '../text/escape.js'
import { html, type Html } from '../text/html.js'
import { counted, formatBytes, formatNumber, formatTime } from '../text/quantity.js'
import type { LookedAt } from '../work/work-program.js'
import { fact, findingsOf, magnetFact } from './make.js'
import { page, type Tool, type Workshop } from './window.js'

/** The longest path or text of a torrent that is shown, in characters. */
const LONGEST = 500

/** The tool that shows a torrent. */
export class LookTool implements Tool {
  readonly path = 'look'

  constructor(private readonly shop: Workshop) {}

  async show(form: Form, error?: BtkitError): Promise<Answer> {
    if (error || form.text('torrent') === '') return this.#page(form, error, null)
    const torrent = requirePath(form, 'torrent', this.shop.directory)
    const found = await this.shop.work.run('look', torrent)
    return this.#page(form, undefined, contentOf(found, torrent))
  }

  /** Sends the browser to the address of the torrent, which can be loaded again. */
  async act(form: Form): Promise<Answer> {
    if (form.text('act') !== 'look') return this.#page(form, undefined, null)
    const torrent = requirePath(form, 'torrent', this.shop.directory)
    await this.show(form)
    return seeOther(lookAt(torrent))
  }

  #page(form: Form, error: BtkitError | undefined, content: Html | null): Answer {
    const torrent = form.text('torrent')
    return page({
      title: content ? basename(torrent) : 'Inspect a torrent',
      tool: 'look',
      error,
      content: html`<form method="post" action="look">
          ${defaultAct('look')}
          <fieldset>
            <legend>What to show</legend>
            ${textField(form, { name: 'torrent', label: 'Torrent', pick: true })}
          </fieldset>
          <div class="acts"><button class="main" name="act" value="look">Inspect</button></div>
        </form>
        ${content}`,
    })
  }
}

/** The address of a torrent's page. */
export function lookAt(torrent: string): string {
  return `look${query({ torrent: fieldPath(torrent) })}`
}

function contentOf(found: LookedAt, torrent: string): Html {
  const { name, infoHash, infoHashV2, magnet, files, trackers, webSeeds } = found
  const path = fieldPath(torrent)
  return html`<section class="two">
      <div>
        <dl class="facts">
          ${fact('Name', clipText(name, LONGEST))}
          ${fact('Content', `${counted(files.count, 'file')}, ${formatBytes(found.size)}`)}
          ${fact('Pieces', `${formatNumber(found.pieces)} of ${formatBytes(found.pieceLength)}`)}
          ${infoHash !== null && fact('Info hash', infoHash)}
          ${infoHashV2 !== null && fact('Info hash v2', infoHashV2)} ${magnetFact(magnet)}
          ${found.isPrivate && fact('Private', 'yes: peers come from its trackers only')}
          ${trackers.length === 0 && fact('Trackers', 'none')}
          ${trackers.map((url) => fact('Tracker', url))}
          ${webSeeds.map((url) => fact('Web seed', url))}
          ${found.texts.map(([label, text]) => fact(`${label.charAt(0).toUpperCase()}${label.slice(1)}`, clipText(text, LONGEST)))}
          ${found.createdMs !== null && fact('Created', `${formatTime(found.createdMs)} UTC`)}
        </dl>
        <p class="acts">
          <button type="button" data-copy="magnet" hidden>Copy the magnet link</button>
          <a href="check${query({ torrent: path, data: fieldPath(dirname(torrent)) })}"
            >Verify files with it</a
          >
          <a href="edit${query({ torrents: path })}">Edit it</a>
        </p>
      </div>
      ${renderQrCode(magnet)}
    </section>
    ${findingsOf(found.findings)} ${filesOf(found)}`
}

function filesOf({ files }: LookedAt): Html {
  const rows = files.first.map(({ path, length }) => {
    return [clipText(path.join('/'), LONGEST), formatBytes(length)]
  })
  const left = files.count - rows.length
  return html`<section>
    <h2>Files</h2>
    ${renderTable({ label: 'Files', columns: COLUMNS, rows })}
    ${left > 0 && html`<p class="muted">${formatNumber(left)} more are not listed.</p>`}
  </section>`
}

const COLUMNS = [
  { title: 'File', kind: 'name' },
  { title: 'Size', kind: 'n' },
] as const
