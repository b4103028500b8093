// Fills in what is dropped on the page. Browsers hide its path, so the program looks for its name;
// it gets the bytes of a torrent.
import { base } from './base.js'

type Field = HTMLInputElement | HTMLTextAreaElement

const fields = [...document.querySelectorAll<Field>('[data-drop]')]
const isOurs = () => fields.length > 0 && !document.querySelector('.dragged')

document.addEventListener('dragover', (event) => {
  if (isOurs()) event.preventDefault()
})
document.addEventListener('drop', async (event) => {
  const field = fieldAt(event)
  if (!field || !event.dataTransfer || !isOurs()) return
  event.preventDefault()
  const paths = (await pathsIn(event.dataTransfer)).filter((path) => path !== null)
  if (paths.length === 0) {
    field.value = ''
    field.placeholder = 'not found by its name: choose it, or paste its path'
    return
  }
  const isList = field instanceof HTMLTextAreaElement
  const lines = [field.value.trim(), ...paths].filter((line) => line !== '')
  field.value = isList ? lines.join('\n') : (paths[0] ?? '')
  field.dispatchEvent(new Event('change', { bubbles: true }))
  if (field.dataset['drop'] === 'send')
    field.form?.querySelector<HTMLElement>('button:not([value^=browse])')?.click()
})

function fieldAt({ target }: Event): Field | undefined {
  const near = target instanceof Element ? target.closest('.field') : null
  return near?.querySelector<Field>('[data-drop]') ?? fields[0]
}

/** The paths of what was dropped; null for what the program does not find. */
async function pathsIn(data: DataTransfer): Promise<(string | null)[]> {
  const text = data.getData('text/uri-list') || data.getData('text/plain')
  const [line = ''] = text.split(/\r?\n/)
  if (line.startsWith('file://')) return [pathOf(line)]
  if (line !== '') return [line]
  const found = [...data.items].map(async (item) => {
    const file = item.kind === 'file' ? item.getAsFile() : null
    return file && find(file, item.webkitGetAsEntry()?.isDirectory === true)
  })
  return Promise.all(found)
}

function pathOf(line: string): string | null {
  try {
    return decodeURIComponent(new URL(line).pathname)
  } catch {
    // Its name is not UTF-8
    return null
  }
}

async function find(file: File, isDirectory: boolean): Promise<string | null> {
  const { name } = file
  const asked = new URLSearchParams(isDirectory ? { name } : { name, size: String(file.size) })
  const body = !isDirectory && name.endsWith('.torrent') ? file : ''
  const headers = { 'Content-Type': 'application/octet-stream' }
  const answer = await fetch(new URL(`dropped?${asked}`, base), { method: 'POST', headers, body })
  return answer.ok ? ((await answer.json()) as { readonly path: string }).path : null
}
