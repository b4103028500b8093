import { renderCard } from '../../page-parts/layout.js'
import { renderFoldedQr } from '../../page-parts/qr-code.js'
import { basename, dirname } from 'node:path'
import { type FormRoute, formRoutes } from '../forms/app.js'
import { defaultAct, type Form, query, textField } from '../forms/form.js'
import { type PageParts, seeOther } from '../forms/frame.js'
import { fieldPath, pickingAnywhere, requirePath } from '../forms/picker.js'
import {
  type Fact,
  hashFacts,
  renderActs,
  renderFacts,
  renderFileTree,
  renderItem,
  shownPath,
} from '../../page-parts/item.js'
import { renderIfKnown } from '../../page-parts/time.js'
import { capitalized, WORDS } from '../../page-parts/words.js'
import { clipText } from '../../base/text/escape.js'
import { html, type Html } from '../../base/text/html.js'
import { counted, formatBytes, formatNumber } from '../../base/text/quantity.js'
import type { LookedAt } from '../work/gui-work.js'
import { findingsOf } from './findings.js'
import type { WindowParts } from './window.js'

/** The longest path or text of a torrent that is shown, in characters. */
const LONGEST = 500

/** The page that shows a torrent. */
export function lookRoutes(parts: WindowParts): FormRoute[] {
  return formRoutes({
    path: 'look',
    menu: 'Inspect',
    purpose: 'See what is in a torrent, with its magnet link',
    page: ({ page }) => ({
      show: async (form) => {
        const isFilled = form.error === undefined && form.text('torrent') !== ''
        const content = isFilled ? (await inspect(parts, form)).content : null
        return page(formPage(form, content))
      },
      act: async (form) => {
        if (form.text('act') !== 'look') return page(formPage(form, null))
        // An address can be loaded again
        return seeOther(lookAt((await inspect(parts, form)).torrent))
      },
      picking: pickingAnywhere(parts, page, { action: 'look' }),
    }),
  })
}

async function inspect({ directory, work }: WindowParts, form: Form) {
  const torrent = await requirePath(form, 'torrent', directory)
  return { torrent, content: contentOf(await work.run('look', torrent), torrent) }
}

/** How to name a torrent. */
export const DROP = 'Choose a .torrent file, drop it here, or type its path.'

function formPage(form: Form, content: Html | null): PageParts {
  const torrent = form.text('torrent')
  return {
    title: content ? basename(torrent) : 'Inspect a torrent',
    error: form.error,
    content: html`${content}
      <form method="post" action="look" data-keep>
        ${defaultAct('look')}
        <section class="card">
          <h2>${content ? 'Another torrent' : 'What to show'}</h2>
          ${textField(form, { name: 'torrent', label: 'Torrent', hint: DROP, pick: 'send' })}
        </section>
        <div class="acts">
          <button class="${content ? '' : 'main'}" name="act" value="look">Inspect</button>
        </div>
      </form>`,
  }
}

/** The address of a torrent's page. */
export function lookAt(torrent: string): string {
  return `look${query({ torrent: fieldPath(torrent) })}`
}

function contentOf(found: LookedAt, torrent: string): Html {
  const { magnet } = found
  const path = fieldPath(torrent)
  const data = fieldPath(dirname(torrent))
  const more = html`<a class="button" href="check${query({ torrent: path, data })}">Verify files</a>
    <a class="button" href="edit${query({ torrents: path })}">Edit</a>`
  return renderItem(
    renderActs({ magnet, torrent: null, more }),
    [
      findingsOf(found.findings, `edit${query({ torrents: path })}`),
      filesOf(found),
      ...listsOf(found),
    ],
    [renderCard(WORDS.facts, renderFacts(factsOf(found))), renderFoldedQr(magnet, '')],
  )
}

function listsOf({ trackers, webSeeds }: LookedAt): (Html | false)[] {
  return [
    trackers.length > 0 && renderCard(WORDS.trackers, urlList(trackers)),
    webSeeds.length > 0 && renderCard(WORDS.webSeeds, urlList(webSeeds)),
  ]
}

function factsOf(found: LookedAt): (Fact | false)[] {
  const { trackers, texts, createdMs } = found
  return [
    [WORDS.name, clipText(found.name, LONGEST)],
    ...hashFacts(found),
    [WORDS.size, `${formatBytes(found.size)} (${counted(found.size, 'byte')})`],
    [WORDS.files, formatNumber(found.files.count)],
    ['Pieces', `${formatNumber(found.pieces)} of ${formatBytes(found.pieceLength)}`],
    found.isPrivate && ['Private', 'yes: peers come from its trackers only'],
    trackers.length === 0 && [WORDS.trackers, 'none'],
    ...texts.map(([label, text]): Fact => {
      return [capitalized(label), clipText(text, LONGEST)]
    }),
    ['Created', renderIfKnown(createdMs)],
  ]
}

function urlList(urls: readonly string[]): Html {
  return html`<ul class="urls">
    ${urls.map((url) => html`<li>${clipText(url, LONGEST)}</li>`)}
  </ul>`
}

function filesOf({ files }: LookedAt): Html {
  const shown = files.first.map(({ path, length }) => ({ path: shownPath(path), length }))
  const left = files.count - shown.length
  return renderCard(
    WORDS.files,
    html`${renderFileTree(shown)}
    ${left > 0 && html`<p class="muted">and ${formatNumber(left)} more</p>`}`,
  )
}
