import { dirname } from 'node:path'
import { type AdminContext, type AdminRoute, menuFormRoutes } from '../frame/visit.js'
import { BtkitError } from '../../errors.js'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import { lockDirectory } from '../../files/locks.js'
import { readRegular } from '../../files/read-bounded.js'
import { writeAtomically } from '../../files/write/atomically.js'
import { looksLikeMagnet, parseMagnet } from '../../metainfo/magnet.js'
import { Form, defaultAct, textField } from '../../pages/form.js'
import { type Answer, seeOther } from '../../pages/frame.js'
import { renderTable } from '../../pages/table.js'
import { escapeText, quoteText } from '../../text/escape.js'
import { type Html, fieldValue, html } from '../../text/html.js'
import { parseAddressRange } from '../../tracker/allowed/address-rules.js'
import { parseHash } from '../../tracker/allowed/torrent-list.js'
import type { RunningTracker } from '../../tracker/app/run-tracker.js'

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
    const value = checkValue(kind, form.text(kind))
    const named = kind === 'torrents' ? tracker.view.torrents.torrents.get(value) : undefined
    const name = named?.metainfo?.name
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
function checkValue(kind: Kind, text: string): string {
  if (kind === 'torrents') {
    const link = looksLikeMagnet(text) ? parseMagnet(text) : null
    const hash = parseHash(link ? (link.infoHash ?? link.infoHashV2 ?? '') : text)
    if (hash !== null && !/\s/.test(text)) return hash
    throw new BtkitError('usage', `${quoteText(text)}: not an info hash; it has 40 or 64 digits`)
  }
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
  const form = error ? context.form : new Form()
  const sections = KINDS.map(async (kind) => {
    return sectionOf(kind, await bans[kind.kind].list(), form)
  })
  return context.page({
    title: 'Bans',
    error,
    content: html`${await Promise.all(sections)}
      <p class="muted">
        A ban counts at once. Peers that are known already are given to others until they time out.
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
        Lift
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

/** The largest file that is edited, in bytes. */
const MAX_SIZE = 16 * 1024 * 1024

/** Seconds that a change waits for another process to end its own. */
const WAIT = 10

/** A ban: an address, range or info hash, and the comment above it. */
export interface Ban {
  readonly value: string
  /** The user and the reason; empty if another program or an editor wrote it. */
  readonly comment: string
}

/**
 * A file of bans, one per line, which the tracker reads. A line before a ban that begins with # is
 * its comment. All other lines stay as they are, and so does the comment of several bans.
 */
export class BanList {
  readonly #turns = new ConcurrencyLimit(1)

  constructor(private readonly path: string) {}

  /**
   * The bans, in the order of the file.
   * @throws BtkitError if the file cannot be read
   */
  async list(): Promise<Ban[]> {
    const lines = await this.#read()
    return lines.flatMap((line, at) => {
      const value = line.trim()
      if (value === '' || value.startsWith('#')) return []
      const before = lines[at - 1]?.trim() ?? ''
      return [{ value, comment: before.startsWith('#') ? before.slice(1).trim() : '' }]
    })
  }

  /**
   * Adds a ban. Both texts must be single lines.
   * @throws BtkitError `exists`, or if the file cannot be written
   */
  add({ value, comment }: Ban): Promise<void> {
    return this.#change((lines) => {
      if (lines.some((line) => line.trim() === value))
        throw new BtkitError('exists', `${value}: is banned already`)
      return [...lines, `# ${comment}`, value]
    })
  }

  /**
   * Removes a ban and its comment.
   * @throws BtkitError `not-found`, or if the file cannot be written
   */
  remove(value: string): Promise<void> {
    return this.#change((lines) => {
      const at = value.startsWith('#') ? -1 : lines.findIndex((line) => line.trim() === value)
      if (value === '' || at === -1) throw new BtkitError('not-found', `${value}: is not banned`)
      const next = lines[at + 1]?.trim() ?? ''
      const isOfMany = next !== '' && !next.startsWith('#')
      const isOwn = lines[at - 1]?.trim().startsWith('#') === true && !isOfMany
      const from = isOwn ? at - 1 : at
      return [...lines.slice(0, from), ...lines.slice(at + 1)]
    })
  }

  /** Makes one change after the other, also of other processes, so that all are kept. */
  #change(change: (lines: readonly string[]) => string[]): Promise<void> {
    return this.#turns.run(async () => {
      const wait = { waitSeconds: WAIT, signal: new AbortController().signal }
      const lock = await lockDirectory(dirname(this.path), wait)
      try {
        const lines = change(await this.#read())
        await writeAtomically(this.path, Buffer.from(`${lines.join('\n')}\n`), {})
      } finally {
        lock.release()
      }
    })
  }

  async #read(): Promise<string[]> {
    const file = await readRegular(this.path, MAX_SIZE, null)
    const text = new TextDecoder().decode(file?.bytes).trimEnd()
    return text === '' ? [] : text.split('\n')
  }
}
