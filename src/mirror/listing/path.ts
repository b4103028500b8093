import { html, type Html } from '../../text/html.js'

/** The path from the root to a directory, as links. */
export function renderPath(components: readonly string[]): Html {
  const steps = ['Index', ...components].map((name, i) => {
    const address = '../'.repeat(components.length - i)
    return i === components.length
      ? html`<li><span aria-current="page">${name}</span></li>`
      : html`<li><a href="${address}">${name}</a></li>`
  })
  return html`<nav aria-label="Path">
    <ol class="path">
      ${steps}
    </ol>
  </nav>`
}
