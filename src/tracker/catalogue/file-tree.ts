import { html, type Html } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'
import type { ListedFile } from './torrent-details.js'

/** The files of a directory on the page, and what is below it. */
interface Branch {
  readonly name: string
  readonly branches: Map<string, Branch>
  readonly files: ListedFile[]
  size: number
}

/** Files as a tree of directories, which can be opened and closed. The sizes are of these files. */
export function renderFileTree(files: readonly ListedFile[]): Html {
  const top = branch('')
  for (const file of files) {
    let at = top
    for (const name of file.path.slice(0, -1)) {
      const next = at.branches.get(name) ?? branch(name)
      at.branches.set(name, next)
      next.size += file.length
      at = next
    }
    at.files.push(file)
  }
  return html`<div class="tree">${renderBranch(top)}</div>`
}

function branch(name: string): Branch {
  return { name, branches: new Map(), files: [], size: 0 }
}

function renderBranch({ branches, files }: Branch): Html {
  return html`<ul>
    ${[...branches.values()].map((each) => {
      return html`<li>
        <details open>
          <summary>
            <span>${each.name}/</span> <data value="${each.size}">${formatBytes(each.size)}</data>
          </summary>
          ${renderBranch(each)}
        </details>
      </li>`
    })}
    ${files.map(({ path, length }) => {
      return html`<li>
        <span>${path.at(-1) ?? ''}</span> <data value="${length}">${formatBytes(length)}</data>
      </li>`
    })}
  </ul>`
}
