import { type Action, type AdminContext, type AdminRoute, placeIn } from '../frame/visit.js'
import { BtkitError, inField } from '../../../base/errors.js'
import { formRoutes } from '../../../pages/forms/app.js'
import { looksLikeMagnet, parseMagnet } from '../../../metainfo/magnet.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { Form, defaultAct, hiddenFields, query, textField } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { renderTable } from '../../../page-parts/table.js'
import { escapeText, quoteText } from '../../../base/text/escape.js'
import { type Html, fieldValue, html } from '../../../base/text/html.js'
import { AddressSet, parseAddressRange } from '../../allowed/address-rules.js'
import { parseHash } from '../../allowed/torrent-list.js'
import type { RunningTracker } from '../../app/run-tracker.js'
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

type Kind = (typeof KINDS)[number]['kind']

/** The page of bans, and one that asks before a torrent or address is banned. */
export function banRoutes(parts: BanParts): AdminRoute[] {
  const handle = (context: AdminContext) => ask(context, parts, context.query)
  return [
    ...formRoutes<AdminContext, Action>({
      path: 'bans',
      menu: 'Moderation',
      needs: 'ban',
      page: (context) => ({
        show: (form) => show(context, parts, form),
        act: () => change(context, parts),
      }),
    }),
    { method: 'GET', path: 'ban', under: 'bans', needs: 'ban', handle },
  ]
}

/** The address of the page that asks whether to ban something, and then leads back. */
export function banAddress(kind: Kind, value: string, from: string): string {
  return `ban${query({ kind, [kind]: value, from })}`
}

async function change(context: AdminContext, parts: BanParts) {
  const { form, note, user, seeOther } = context
  const { bans, tracker, now } = parts
  const kind = kindIn(form)
  const list = placeIn(form, 'from') || 'bans'
  const lift = form.text('lift')
  if (lift !== '') {
    const ban = (await bans[kind].list()).find(({ value }) => value === lift)
    await bans[kind].remove(lift)
    await note('lift a ban', lift)
    await tracker.refresh()
    const name = (ban && describe(kind, ban).name) || lift
    return seeOther(list, html`<p class="note" role="status">The ban of ${name} is lifted.</p>`)
  }
  const value = valueIn(form)
  const isSure = form.text('sure') !== ''
  if (!isSure && ownAddresses(kind, value, context).length > 0) return ask(context, parts, form)
  const name = nameOf(value, parts).slice(0, LONGEST)
  const reason = form.text('reason').slice(0, LONGEST)
  const day = new Date(now()).toISOString().slice(0, 10)
  const words = [day, user.name, kind === 'torrents' && `"${name.replaceAll('"', '""')}"`, reason]
  const ban = { value, comment: escapeText(words.filter(Boolean).join(' ')) }
  await inField(kind, () => bans[kind].add(ban))
  await note('ban', value, [name, reason].filter(Boolean).join(': ') || undefined)
  await tracker.refresh()
  const banned = html`${name || value} is banned. ${liftForm(kind, value, list, name)}`
  return seeOther(list, html`<div class="note" role="status">${banned}</div>`)
}

function kindIn(form: Form): Kind {
  return KINDS.find(({ kind }) => kind === form.text('kind'))?.kind ?? 'addresses'
}

/** @throws BtkitError `usage` */
function valueIn(form: Form): string {
  const kind = kindIn(form)
  const check = kind === 'torrents' ? checkHash : checkAddresses
  return inField(kind, () => check(form.text(kind)))
}

/** The name of the torrent of an info hash; empty if it is not known, and for addresses. */
function nameOf(value: string, { tracker }: Pick<BanParts, 'tracker'>): string {
  const hash = parseHash(value)
  return (hash && tracker.view.torrents.torrents.get(hash)?.metainfo?.name) ?? ''
}

/** Sentences about the addresses of a ban by which somebody would shut out himself. */
function ownAddresses(kind: Kind, value: string, { address }: Pick<AdminContext, 'address'>) {
  const range = kind === 'addresses' ? parseAddressRange(value) : null
  if (range === null) return []
  const banned = new AddressSet([range])
  const isOwn = address !== null && banned.has(address)
  const isMachine = LOOPBACK.some((each) => banned.has(each))
  return [
    ...(isOwn ? [`You come from ${address}: the tracker will refuse you, too.`] : []),
    ...(isMachine ? [`This machine is in it: the tracker will refuse its seeds and proxies.`] : []),
  ]
}

const LOOPBACK = ['127.0.0.1', '::1']

function ask(context: AdminContext, parts: BanParts, asked: Form): Answer {
  const kind = kindIn(asked)
  const value = valueIn(asked)
  const from = placeIn(asked, 'from') || 'bans'
  const name = nameOf(value, parts)
  const warnings = ownAddresses(kind, value, context)
  const sure = warnings.length > 0 ? { sure: 'on' } : {}
  return context.page({
    title: `Ban ${name || value}?`,
    content: html`<form method="post" action="bans">
      ${hiddenFields(new Form({ kind, [kind]: value, from, ...sure }))}
      <div class="card">
        ${warnings.map((warning) => html`<p class="bad">${warning}</p>`)}
        ${name !== '' && html`<p><code>${value}</code></p>`}
        ${textField(asked, { name: 'reason', label: 'Reason', most: LONGEST, isFirst: true })}
        <div class="acts">
          <button class="main" name="act" value="ban">Ban</button>
          <a class="button" href="${from}">Cancel</a>
        </div>
      </div>
    </form>`,
  })
}

/** The most addresses of a ban, by family. A slip such as 0.0.0.0/0 would refuse all clients. */
const LARGEST_BAN = { 4: 2n ** 24n, 6: 2n ** 112n } as const

/** @throws BtkitError `usage` */
function checkHash(text: string): InfoHash {
  if (text === '') throw new BtkitError('usage', 'type an info hash, or paste a magnet link')
  const link = looksLikeMagnet(text) ? parseMagnet(text) : null
  const hash = parseHash(link ? (link.infoHash ?? link.infoHashV2 ?? '') : text)
  if (hash !== null && !/\s/.test(text)) return hash
  throw new BtkitError('usage', `${quoteText(text)}: not an info hash; it has 40 or 64 digits`)
}

/** @throws BtkitError `usage` */
function checkAddresses(text: string): string {
  // A list of addresses may have names before ranges, which nobody types here
  const plain = text.replaceAll(/\s/g, '').toLowerCase()
  if (plain === '') throw new BtkitError('usage', 'type an address, a network or a range')
  const range = /^[\da-f.:/-]+$/.test(plain) ? parseAddressRange(plain) : null
  if (range === null)
    throw new BtkitError('usage', `${quoteText(text)}: not an address, network or range`)
  if (range.last - range.first < LARGEST_BAN[range.family]) return plain
  const why = 'larger than /8, or /16 of IPv6; name a smaller network, or edit the file of bans'
  throw new BtkitError('usage', `${quoteText(text)}: ${why}`)
}

async function show({ page }: AdminContext, { bans }: BanParts, form: Form): Promise<Answer> {
  const sections = KINDS.map(async (kind) => {
    return sectionOf(kind, await bans[kind.kind].list(), form)
  })
  return page({
    title: 'Moderation',
    error: form.error,
    content: html`${await Promise.all(sections)}
      <p class="muted">
        A ban counts at once. A banned address is given to no other peer from then on.
      </p>`,
  })
}

function sectionOf(kind: (typeof KINDS)[number], bans: readonly Ban[], form: Form): Html {
  const shown = bans.slice(-MOST_SHOWN).reverse()
  const own = form.text('kind') === kind.kind ? form : new Form()
  return html`<h2>${kind.title}</h2>
    ${shown.length > 0 ? tableOf(kind, shown) : html`<p class="muted">None is banned.</p>`}
    ${bans.length > shown.length && html`<p class="muted">${bans.length - shown.length} older bans are not listed.</p>`}
    <form class="card" method="post" action="bans">
      <h2>Ban ${kind.kind === 'torrents' ? 'a torrent' : 'an address'}</h2>
      ${defaultAct('ban')}<input type="hidden" name="kind" value="${kind.kind}" />
      ${textField(own, { name: kind.kind, label: kind.label, hint: kind.hint })}
      ${textField(own, { name: 'reason', id: `reason-${kind.kind}`, label: 'Reason', most: LONGEST })}
      <div class="acts"><button class="main" name="act" value="ban">Ban</button></div>
    </form>`
}

function tableOf({ kind, title, label }: (typeof KINDS)[number], bans: readonly Ban[]): Html {
  const rows = bans.map((ban) => {
    const { value } = ban
    const { name, reason, by, since } = describe(kind, ban)
    const what = html`${name !== '' && html`${name}<br />`}<code>${value}</code>`
    return [what, reason, by, since, liftForm(kind, value, 'bans', name)]
  })
  const columns = [
    [kind === 'torrents' ? 'Torrent' : label, 'name'],
    ['Reason'],
    ['By'],
    ['Since', 'date'],
    [''],
  ] as const
  return renderTable({ label: `Banned ${title.toLowerCase()}`, columns, rows })
}

/** The date, the user, of a torrent its name in quotes, and the reason. */
const COMMENT = /^(\d{4}-\d\d-\d\d) (\S+)(?: ("(?:[^"]|"")*"))?(?: (.*))?$/

/** Reads the comment of a ban; one that another program or an editor wrote is all reason. */
function describe(kind: Kind, { comment }: Ban) {
  const [, since, by = '', quoted = '', reason = ''] = COMMENT.exec(comment) ?? []
  if (since === undefined) return { name: '', reason: comment, by: '', since: '' }
  if (kind === 'addresses')
    return { name: '', reason: [quoted, reason].join(' ').trim(), by, since }
  return { name: quoted.slice(1, -1).replaceAll('""', '"'), reason, by, since }
}

/** The form of the button that lifts a ban. `from` is the page to come back to. */
function liftForm(kind: Kind, value: string, from: string, name: string): Html {
  return html`<form method="post" action="bans">
    ${hiddenFields(new Form({ kind, from }))}
    <button name="lift" value="${fieldValue(value)}" aria-label="Lift ban of ${name || value}">
      Lift ban
    </button>
  </form>`
}
