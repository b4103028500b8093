import { type AdminContext, type AdminRoute, menuFormRoutes } from '../frame/visit.js'
import { BtkitError } from '../../errors.js'
import { looksLikeMagnet, parseMagnet } from '../../metainfo/magnet.js'
import type { InfoHash } from '../../metainfo/values.js'
import { Form, defaultAct, textField } from '../../pages/form.js'
import { type Answer, seeOther } from '../../pages/frame.js'
import { renderTable } from '../../pages/table.js'
import { escapeText, quoteText } from '../../text/escape.js'
import { type Html, fieldValue, html } from '../../text/html.js'
import { parseAddressRange } from '../../tracker/allowed/address-rules.js'
import { parseHash } from '../../tracker/allowed/torrent-list.js'
import type { RunningTracker } from '../../tracker/app/run-tracker.js'
import type { BanList, Ban } from '../storage/ban-list.js'

/** The parts of the page of bans. */
export interface BanParts {
  readonly tracker: Pick<RunningTracker, 'view' | 'refresh'>
  /** The files of bans. */
  readonly bans: { readonly addresses: BanList; readonly torrents: BanList }
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** The most bans of a kind that are listed. */
const MOST_SHOWN = 1000

/** The longest reason, in characters. */
const LONGEST = 200

/** The kinds of bans. */
const KINDS = [
  {
    kind: 'addresses',
    title: 'Addresses',
    label: 'Address',
    hint: 'An address, a network such as 192.0.2.0/24, or a range such as 192.0.2.1-192.0.2.9.',
  },
  {
    kind: 'torrents',
    title: 'Torrents',
    label: 'Info hash',
    hint: 'Of version 1 or 2, in hexadecimal, or a magnet link.',
  },
] as const

/** The page of bans. */
export function banRoutes(parts: BanParts): AdminRoute[] {
  return menuFormRoutes({
    path: 'bans',
    menu: 'Bans',
    needs: 'ban',
    page: (context) => ({
      show: (_, error) => show(context, parts, error),
      act: () => change(context, parts),
    }),
  })
}

async function change({ form, note, user }: AdminContext, parts: BanParts): Promise<Answer> {
  const { bans, tracker, now } = parts
  const kind = KINDS.find((each) => each.kind === form.text('kind'))?.kind ?? 'addresses'
  const lift = form.text('lift')
  if (lift !== '') {
    await bans[kind].remove(lift)
    note('lift a ban', lift)
  } else {
    const hash = kind === 'torrents' ? checkHash(form.text(kind)) : null
    const value = hash ?? checkAddresses(form.text(kind))
    const name = hash && tracker.view.torrents.torrents.get(hash)?.metainfo?.name
    const reason = [name, form.text('reason')].filter(Boolean).join(': ').slice(0, LONGEST)
    const day = new Date(now()).toISOString().slice(0, 10)
    await bans[kind].add({ value, comment: escapeText(`${day} ${user.name} ${reason}`.trim()) })
    note('ban', value, reason === '' ? undefined : reason)
  }
  await tracker.refresh()
  return seeOther('bans')
}

/** The most addresses of a ban, by family. A slip such as 0.0.0.0/0 would refuse all clients. */
const LARGEST_BAN = { 4: 2n ** 24n, 6: 2n ** 112n } as const

/** @throws BtkitError `usage` */
function checkHash(text: string): InfoHash {
  const link = looksLikeMagnet(text) ? parseMagnet(text) : null
  const hash = parseHash(link ? (link.infoHash ?? link.infoHashV2 ?? '') : text)
  if (hash !== null && !/\s/.test(text)) return hash
  throw new BtkitError('usage', `${quoteText(text)}: not an info hash; it has 40 or 64 digits`)
}

/** @throws BtkitError `usage` */
function checkAddresses(text: string): string {
  // A list of addresses may have names before ranges, which nobody types here
  const plain = text.replaceAll(/\s/g, '').toLowerCase()
  const range = /^[\da-f.:/-]+$/.test(plain) ? parseAddressRange(plain) : null
  if (range === null)
    throw new BtkitError('usage', `${quoteText(text)}: not an address, network or range`)
  if (range.last - range.first < LARGEST_BAN[range.family]) return plain
  const why = 'larger than /8, or /16 of IPv6; name a smaller network, or edit the file of bans'
  throw new BtkitError('usage', `${quoteText(text)}: ${why}`)
}

async function show(
  context: AdminContext,
  { bans }: BanParts,
  error: BtkitError | undefined,
): Promise<Answer> {
  const form = error ? context.form : context.query
  const sections = KINDS.map(async (kind) => {
    return sectionOf(kind, await bans[kind.kind].list(), form)
  })
  return context.page({
    title: 'Bans',
    error,
    content: html`${await Promise.all(sections)}
      <p class="muted">
        A ban counts at once. A banned address is given to no other peer from then on.
      </p>`,
  })
}

function sectionOf(kind: (typeof KINDS)[number], bans: readonly Ban[], form: Form): Html {
  const shown = bans.slice(-MOST_SHOWN).reverse()
  const own = form.text('kind') === kind.kind ? form : new Form()
  return html`<section>
    <h2>${kind.title}</h2>
    <form method="post" action="bans">
      ${defaultAct('ban')}<input type="hidden" name="kind" value="${kind.kind}" />
      ${textField(own, { name: kind.kind, label: kind.label, hint: kind.hint })}
      ${textField(own, { name: 'reason', id: `reason-${kind.kind}`, label: 'Reason', most: LONGEST })}
      <div class="acts"><button class="main" name="act" value="ban">Ban</button></div>
    </form>
    ${shown.length > 0 && tableOf(kind, shown)}
    ${bans.length > shown.length && html`<p class="muted">${bans.length - shown.length} older bans are not listed.</p>`}
  </section>`
}

function tableOf({ kind, title, label }: (typeof KINDS)[number], bans: readonly Ban[]): Html {
  const rows = bans.map(({ value, comment }) => {
    const lift = html`<form method="post" action="bans">
      <input type="hidden" name="kind" value="${kind}" />
      <button name="lift" value="${fieldValue(value)}" aria-label="Lift the ban of ${value}">
        Lift ban
      </button>
    </form>`
    return [html`<code>${value}</code>`, comment, lift]
  })
  const columns = [
    { title: label, kind: 'name' },
    { title: 'Since, by, why' },
    { title: 'Change' },
  ] as const
  return renderTable({ label: `Banned ${title.toLowerCase()}`, columns, rows })
}
