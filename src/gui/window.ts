import { framePage, type Answer, type PageParts } from '../pages/frame.js'
import { SCRIPT } from '../pages/script.js'
import { html } from '../text/html.js'

/** The tools of the window, in the order of the menu. */
export const TOOLS = [
  { path: 'make', title: 'Make', text: 'Create the torrent of a file or directory' },
  { path: 'complete', title: 'Complete', text: 'Create what is missing in a directory of files' },
  { path: 'check', title: 'Check', text: 'Compare files with their torrent, piece by piece' },
  { path: 'edit', title: 'Edit', text: 'Change trackers, seeds, comments and names of torrents' },
] as const

/** The path of a tool. */
export type ToolPath = (typeof TOOLS)[number]['path']

/** A page of the window, and the tool that the menu marks. */
export type WindowParts = PageParts & { readonly tool?: ToolPath | undefined }

/** Renders a page of the window. */
export function page({ tool, ...parts }: WindowParts): Answer {
  const { root = '' } = parts
  return framePage(parts, {
    name: 'btkit',
    label: 'Tools',
    menu: TOOLS.map(({ path, title }) => ({ path, title, isCurrent: path === tool })),
    end: html`<form method="post" action="${root}quit"><button>Quit</button></form>`,
  })
}

/**
 * The script of all pages. It holds a connection; when the last one closes, the program ends. A page
 * that Back shows again needs another.
 */
export const WINDOW_SCRIPT = `${SCRIPT}
let alive
addEventListener('pageshow', () => {
  alive ??= new EventSource(new URL('alive', base))
})
addEventListener('pagehide', () => {
  alive?.close()
  alive = undefined
})
`
