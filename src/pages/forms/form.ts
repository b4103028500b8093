import type { BtkitError } from '../../base/errors.js'
import { splitTiers } from '../../metainfo/trackers.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../base/text/html.js'

/** The fields of a form as a browser sent them. */
export class Form {
  readonly #fields: URLSearchParams

  /** `error` says why the form failed; undefined if it did not. */
  constructor(
    fields: URLSearchParams | string | Readonly<Record<string, string>> = '',
    public error?: BtkitError,
  ) {
    this.#fields = new URLSearchParams(fields)
  }

  /**
   * The text of a field, without spaces around it; empty if there is none. Browsers send lines with
   * CRLF.
   */
  text(name: string): string {
    return this.raw(name).replaceAll(/\r\n?/g, '\n').trim()
  }

  /** The text of a field as it was typed, such as a password. */
  raw(name: string): string {
    return this.#fields.get(name) ?? ''
  }

  /** Whether a box is checked. */
  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** The different values of a field that may occur several times. */
  all(name: string): string[] {
    return [...new Set(this.#fields.getAll(name))]
  }

  /** The lines of a field that are not empty. */
  lines(name: string): string[] {
    const lines = this.text(name).split('\n')
    return lines.map((line) => line.trim()).filter((line) => line !== '')
  }

  /** Returns the form with other values. */
  with(values: Readonly<Record<string, string>>): Form {
    const form = new Form(this.#fields, this.error)
    for (const [name, value] of Object.entries(values)) form.#fields.set(name, value)
    return form
  }

  /** Returns the form without some fields. */
  without(...names: readonly string[]): Form {
    const form = new Form(this.#fields, this.error)
    for (const name of names) form.#fields.delete(name)
    return form
  }

  /** Returns the form without other fields than some. */
  only(...names: readonly string[]): Form {
    return this.without(...[...this.#fields.keys()].filter((name) => !names.includes(name)))
  }

  /** The fields in the encoding of forms. */
  toString(): string {
    return this.#fields.toString()
  }
}

/** A field of a form. */
export interface Field {
  readonly name: string
  /** The name by default; a page with several forms needs others. */
  readonly id?: string
  readonly label: string
  readonly hint?: HtmlValue | undefined
}

/** A field for a line of text. */
interface TextField extends Field {
  /** The most characters. */
  readonly most?: number
  readonly placeholder?: string | undefined
  /**
   * Whether there is a button that chooses a file or directory; with `send`, a drop sends the form.
   */
  readonly pick?: boolean | 'send'
  /** Whether the page begins there. */
  readonly isFirst?: boolean
}

/** A line of text. */
export function textField(form: Form, field: TextField): Html {
  const { name, id = name, most, placeholder, pick, isFirst } = field
  const input = html`<input
    type="text"
    id="${id}"
    name="${name}"
    value="${fieldValue(form.text(name))}"
    spellcheck="false"
    ${described(form, field)}
    ${most !== undefined && html`maxlength="${most}"`}
    ${placeholder !== undefined && html`placeholder="${fieldValue(placeholder)}"`}
    ${pick !== undefined && pick !== false && html`data-drop="${pick === 'send' ? pick : ''}"`}
    ${isFirst === true && html`autofocus`}
  />`
  const button = html`<button name="act" value="browse-${name}">Choose…</button>`
  return row(field, pick ? html`<div class="with">${input}${button}</div>` : input)
}

/** Lines of text: `tiers` of trackers; what a drop may `send`; or any other. */
export function linesField(
  form: Form,
  field: Field & { readonly kind?: string; readonly rows?: number },
): Html {
  const { name, kind, rows = kind === 'tiers' || kind === 'send' ? 4 : 2 } = field
  const area = html`<textarea
    id="${name}"
    name="${name}"
    rows="${rows}"
    spellcheck="false"
    ${described(form, field)}
    ${kind === 'send' && html`data-drop="send"`}
    ${kind === 'tiers' && html`data-tiers placeholder="https://tracker.example/announce"`}
  >
${fieldValue(form.text(name))}</textarea>`
  return row(field, area)
}

/** A value and its text. */
export type Choice = readonly [value: string, text: string]

/** A list to choose from. The first value is the default. */
export function selectField(
  form: Form,
  field: Field & { readonly choices: readonly Choice[] },
): Html {
  const { name, choices } = field
  const options = choices.map(([value, text]) => {
    const selected = form.text(name) === value && html`selected`
    return html`<option value="${value}" ${selected}>${text}</option>`
  })
  return row(
    field,
    html`<select id="${name}" name="${name}" ${described(form, field)}>
      ${options}
    </select>`,
  )
}

/** Values to choose one of. The first is the default. */
export function radioField(
  form: Form,
  field: Field & { readonly choices: readonly Choice[] },
): Html {
  const { name, label, choices } = field
  const chosen = form.text(name) || choices[0]?.[0]
  const inputs = choices.map(([value, text]) => {
    const checked = value === chosen && html`checked`
    return html`<label
      ><input type="radio" name="${name}" value="${value}" ${checked} /> ${text}</label
    >`
  })
  return group('radiogroup', label, inputs)
}

/** Boxes to check. */
export function checkField(form: Form, label: string, choices: readonly Choice[]): Html {
  const inputs = choices.map(([name, text]) => {
    const checked = form.has(name) && html`checked`
    return html`<label><input type="checkbox" name="${name}" ${checked} /> ${text}</label>`
  })
  return group('group', label, inputs)
}

function group(role: 'group' | 'radiogroup', label: string, inputs: readonly Html[]): Html {
  return html`<div class="field" role="${role}" aria-label="${label}">
    <span class="label">${label}</span>
    <div class="choices">${inputs}</div>
  </div>`
}

/** Ties a field to its hint, and to the error if that is about it. */
export function described(
  form: Form,
  { name, id = name, hint }: Pick<Field, 'name' | 'id' | 'hint'>,
): Html {
  const isWrong = form.error?.field === name
  const ids = [isWrong && 'error', hint !== undefined && `${id}-hint`].filter(Boolean)
  return html`${isWrong && html`aria-invalid="true" autofocus`}
  ${ids.length > 0 && html`aria-describedby="${ids.join(' ')}"`}`
}

function row({ name, id = name, label, hint }: Field, input: Html): Html {
  return html`<div class="field">
    <label for="${id}">${label}</label>
    ${input} ${hint !== undefined && html`<small id="${id}-hint">${hint}</small>`}
  </div>`
}

/** The button that Enter presses in a field: browsers take the first of a form. It is not shown. */
export function defaultAct(value: string): Html {
  return html`<button
    class="default"
    name="act"
    value="${value}"
    tabindex="-1"
    aria-hidden="true"
  ></button>`
}

/** Fields that a form carries along. */
export function hiddenFields(form: Form): Html[] {
  return [...new URLSearchParams(form.toString())].map(([name, value]) => {
    return html`<input type="hidden" name="${name}" value="${fieldValue(value)}" />`
  })
}

/**
 * Reads tiers of trackers (BEP 12): a URL a line, and an empty line before the next tier. A line
 * may be a list as on the command line, with commas between trackers and bars between tiers.
 */
export function parseTiers(text: string): string[][] {
  const tiers: string[][] = [[]]
  for (const line of text.split(/\r\n?|\n/)) {
    const [first = [], ...others] = line.trim() === '' ? [[], []] : splitTiers(line)
    tiers.at(-1)?.push(...first)
    tiers.push(...others)
  }
  return tiers.filter((tier) => tier.length > 0)
}

/** Returns fields for an address, such as `?in=0%2Flinux`. */
export function query(fields: Readonly<Record<string, string>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
