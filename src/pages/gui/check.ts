import { basename, dirname } from 'node:path'
import type { VerifiedFile } from '../../core/verify/verify-report.js'
import { BtkitError } from '../../base/errors.js'
import { type FormRoute, formRoutes } from '../forms/app.js'
import { isKept } from '../forms/dropped.js'
import { defaultAct, type Form, textField } from '../forms/form.js'
import type { Answer } from '../../server/headers/answer.js'
import type { PageParts } from '../forms/frame.js'
import { formAddress, type Job } from '../forms/jobs.js'
import { pickingAnywhere, requirePath } from '../forms/picker.js'
import { renderTable } from '../../page-parts/table.js'
import { WORDS } from '../../page-parts/words.js'
import { clipText } from '../../base/text/escape.js'
import { html, type Html, type HtmlValue } from '../../base/text/html.js'
import { counted, formatBytes, formatNumber } from '../../base/text/quantity.js'
import type { Checked } from '../work/gui-work.js'
import { type PieceMap, type PieceState, STATES } from '../work/piece-map.js'
import { DROP, lookAt } from './look.js'
import { startWork } from '../forms/start-work.js'
import type { WindowParts } from './window.js'

/** The page that compares files with their torrent. */
export function checkRoutes(parts: WindowParts): FormRoute[] {
  return formRoutes({
    path: 'check',
    menu: 'Verify',
    purpose: 'Compare files with their torrent, piece by piece',
    page: ({ page }) => ({
      show: (form) => page(formPage(form)),
      act: (form) => {
        return form.text('act') === 'check' ? begin(parts, form) : page(formPage(form))
      },
      picking: pickingAnywhere(parts, page, { action: 'check' }),
    }),
  })
}

function formPage(form: Form): PageParts {
  return {
    title: 'Verify files',
    error: form.error,
    content: html`<form method="post" action="check" data-keep>
      ${defaultAct('check')}
      <section class="card">
        <h2>What to compare</h2>
        ${textField(form, { name: 'torrent', label: 'Torrent', hint: DROP, pick: true })}
        ${textField(form, {
          name: 'data',
          label: 'Files',
          hint: 'The file or folder of the torrent, or the folder that holds it. Default: the folder of the torrent.',
          pick: true,
        })}
      </section>
      <div class="acts">
        <button class="main" name="act" value="check">Verify the files</button>
      </div>
    </form>`,
  }
}

async function begin(parts: WindowParts, form: Form): Promise<Answer> {
  const { directory, keptDirectory } = parts
  const torrent = await requirePath(form, 'torrent', directory)
  const isBeside = form.text('data') === ''
  if (isBeside && isKept(torrent, keptDirectory))
    throw new BtkitError('usage', 'choose the files, too: a dropped torrent is not beside them')
  const data = isBeside ? dirname(torrent) : await requirePath(form, 'data', directory)
  const title = `Verification of ${basename(torrent)}`
  const show = (found: Checked, { about }: Job<Checked>) => ({
    title: titleOf(found),
    content: checkedOf(
      found,
      html`<p class="acts">
        <a class="button main" href="${formAddress(about, form)}">Verify again</a>
        <a class="button" href="../${lookAt(torrent)}">Inspect</a>
      </p>`,
    ),
  })
  const about = { title, tool: 'check', path: data, form, show }
  return startWork(parts, { about, name: 'check', request: { torrent, data } })
}

function titleOf({ report, states }: Checked): string {
  if (report.ok) return 'All files are complete'
  return states.size === 1 && states.has('missing') ? 'No file is there' : 'Some files differ'
}

function checkedOf({ report, files, listed, map, states }: Checked, acts: Html): Html {
  const { pieces } = report
  const isCut = files > listed.length
  return html`<section class="card">
      <p class="${report.ok ? 'good' : 'bad'}" role="status">
        ${counted(files, 'file')} at <span class="name">${report.place.path}</span>,
        ${counted(pieces, 'piece')}.
      </p>
      ${renderMap(map)} ${acts}
    </section>
    ${!report.ok && nextSteps(states)}
    ${renderTable({ label: WORDS.files, columns: COLUMNS, rows: listed.map(rowOf) })}
    ${isCut && html`<p class="muted">Only ${formatNumber(listed.length)} of ${counted(files, 'file')} are listed.</p>`}`
}

const COLUMNS = [['File', 'name'], ['Size', 'n'], ['State']] as const

/** The longest path that is shown, in characters; a torrent can have one of megabytes. */
const LONGEST_PATH = 500

function rowOf(file: VerifiedFile): HtmlValue[] {
  const { path, length, status } = file
  const kind = status === 'ok' ? 'good' : status === 'unchecked' ? 'unsure' : 'bad'
  const name = clipText(path.join('/'), LONGEST_PATH)
  return [name, formatBytes(length), html`<span class="${kind}">${stateOf(file)}</span>`]
}

/** The state of a file in words, such as `ok, except the first 5.4 KiB`. */
function stateOf({ status, reason, ranges, unchecked, length }: VerifiedFile): string {
  const sum = (some: VerifiedFile['ranges']) => some.reduce((all, [from, to]) => all + to - from, 0)
  const unread = sum(unchecked)
  if (status === 'unchecked' && unread > 0 && unread < length) {
    const [first] = unchecked
    const only = unchecked.length === 1 ? first : undefined
    const place = only?.[0] === 0 ? 'the first ' : only?.[1] === length ? 'the last ' : ''
    return `ok, except ${place}${formatBytes(unread)} beside missing files`
  }
  const bad = sum(ranges)
  const more = [reason !== null && `: ${reason}`, bad > 0 && `, ${formatBytes(bad)} in bad pieces`]
  return [status, ...more].filter(Boolean).join('')
}

const STEPS: Partial<Record<VerifiedFile['status'], string>> = {
  missing: 'Missing files: choose another folder, or download the torrent there.',
  short: 'Short files: a download or copy did not end. Download the torrent into this folder.',
  long: 'Long files: something was appended, or the file is another version.',
  damaged: 'Damaged files: download the torrent into this folder. Clients fetch only bad pieces.',
  suspect: 'Suspect files share a bad piece with other files. Repair those first.',
  unchecked:
    'Unchecked files share a piece with missing or unreadable bytes. Verify again when the other files are there.',
  unreadable: 'Unreadable files: check their permissions and the disk.',
  changed: 'Files that changed meanwhile: verify again when nobody writes to them.',
}

function nextSteps(found: Checked['states']): Html {
  const steps = Object.entries(STEPS).filter(([status]) =>
    found.has(status as VerifiedFile['status']),
  )
  return html`<section class="card">
    <h2>What to do next</h2>
    <ul>
      ${steps.map(([, text]) => html`<li>${text}</li>`)}
    </ul>
  </section>`
}

const MAP_COLUMNS = 40
const CELL = 10

const TITLES: Readonly<Record<PieceState, string>> = {
  good: 'ok',
  bad: 'damaged',
  missing: 'missing',
  unread: 'unchecked',
}

/** The longest path under the pointer, in characters; a map may show thousands. */
const LONGEST_TITLE = 100

/** Draws a map with its key. */
function renderMap({ cells, piecesPerCell, pieces, runs }: PieceMap): Html {
  const rows = Math.ceil(cells.length / MAP_COLUMNS)
  const each = piecesPerCell === 1 ? 'one piece' : `${piecesPerCell} pieces`
  return html`<svg
      class="map"
      viewBox="0 0 ${CELL * MAP_COLUMNS} ${CELL * rows}"
      role="img"
      aria-label="Map of ${counted(pieces, 'piece')}"
    >
      ${STATES.map((state) => squaresOf(state, cells))} ${namesOf(runs)}
    </svg>
    <ul class="key">
      ${STATES.toReversed().map((state) => keyOf(state, cells))}
      <li class="muted">a square is ${each}</li>
    </ul>`
}

const SQUARE = 'h8v8h-8z'

function squaresOf(state: PieceState, cells: readonly PieceState[]): Html {
  const squares = cells.flatMap((each, at) => (each === state ? squareAt(at) : []))
  return html`<path class="${state}" d="${squares.join('')}" />`
}

function squareAt(cell: number): string {
  return `M${CELL * (cell % MAP_COLUMNS)} ${CELL * Math.floor(cell / MAP_COLUMNS)}${SQUARE}`
}

/** The names of files, which browsers show under the pointer. */
function namesOf(runs: PieceMap['runs']): Html[] {
  let at = 0
  return runs.map(({ file, others, cells }) => {
    const squares = Array.from({ length: cells }, () => squareAt(at++))
    const more = others > 0 && ` and ${counted(others, 'other file')}`
    return html`<path class="file" d="${squares.join('')}">
      <title>${clipText(file, LONGEST_TITLE)}${more}</title>
    </path>`
  })
}

function keyOf(state: PieceState, cells: readonly PieceState[]): Html {
  const number = cells.filter((each) => each === state).length
  return html`<li>
    <svg class="map" viewBox="0 0 8 8" aria-hidden="true">
      <path class="${state}" d="M0 0${SQUARE}" /></svg
    >${TITLES[state]}: ${formatNumber(number)}
  </li>`
}
