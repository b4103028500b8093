import { html, type Html, type HtmlValue } from '../base/text/html.js'
import { WORDS } from './words.js'

/** A search field. */
interface SearchField {
  /** The element's; `search` is the one of the key `/`. */
  readonly id: string
  /** The address of the results. */
  readonly action: string
  /** The name of the field in the address. */
  readonly name: string
  readonly value: string
  /** The most characters. */
  readonly most: number
  readonly placeholder?: string
  /** Hidden fields, such as the order of the list. */
  readonly kept?: HtmlValue
}

/** The search of a page. The key `/` puts the cursor there. */
export function renderSearch(field: SearchField): Html {
  const { id, action, name, value, most, placeholder = WORDS.nameOrHash, kept } = field
  return html`<form
    class="search"
    method="get"
    action="${action}"
    role="search"
    aria-label="${placeholder}"
  >
    ${kept ?? null}
    <input
      id="${id}"
      type="search"
      name="${name}"
      maxlength="${most}"
      value="${value}"
      placeholder="${placeholder}"
      aria-label="${placeholder}"
      autocomplete="off"
      spellcheck="false"
    />
    ${id === 'search' && html`<kbd aria-hidden="true">/</kbd>`}
  </form>`
}
