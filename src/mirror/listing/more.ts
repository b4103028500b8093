import { html, type Html } from '../../text/html.js'
import type { NamedLink } from './links.js'

/**
 * Links that few people need, behind the word "more", so that the others are easy to read. One is
 * open at a time.
 */
export function renderMore(name: string, links: readonly NamedLink[]): Html {
  return html`<details name="more">
    <summary aria-label="more of ${name}">more</summary>
    <div class="more">
      ${links.map(({ text, address }) => html`<a href="${address}">${text}</a> `)}
    </div>
  </details>`
}
