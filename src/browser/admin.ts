// The script of the administration, which works without it: torrents are dropped to be uploaded,
// and too large uploads are noticed before they are sent.
import './forms.js'
import { postForm } from './base.js'
import { all, first } from './elements.js'

// On a narrow window the categories are a list to choose from
for (const choice of all(HTMLSelectElement, '[data-go]')) {
  const button = choice.form && first(HTMLElement, 'button', choice.form)
  if (button) button.hidden = true
  choice.addEventListener('change', () => choice.form?.requestSubmit())
}

for (const form of all(HTMLFormElement, '[data-upload]')) {
  const input = first(HTMLInputElement, 'input[type=file]', form)
  const problem = first(HTMLElement, '.error', form)
  const table = form.querySelector('[data-files]')
  if (input && problem && table) watchUpload(form, input, problem, table)
}

function watchUpload(
  form: HTMLFormElement,
  input: HTMLInputElement,
  problem: HTMLElement,
  table: Element,
): void {
  const limitOf = (name: string) => Number(form.dataset[name])
  const chosen = () => [...(input.files ?? [])]
  const sum = () => chosen().reduce((bytes, { size }) => bytes + size, 0)
  const fault = () => {
    const files = chosen()
    const most = limitOf('mostFiles')
    if (files.length > most) return `These are ${files.length} files; choose at most ${most}.`
    if (sum() <= limitOf('mostBytes')) return ''
    const odd = files.find(({ name }) => !name.toLowerCase().endsWith('.torrent'))
    return odd
      ? `${odd.name} is not a .torrent file; choose only these.`
      : 'These files are too large; choose fewer.'
  }
  const look = () => {
    problem.textContent = fault()
    problem.hidden = problem.textContent === ''
    return problem.hidden
  }
  // The program reads the torrents, and answers with a table of them
  let reading: Promise<void> | null = null
  const read = async () => {
    const body = new FormData(form)
    body.set('act', 'look')
    try {
      const page = await postForm(form, body)
      table.replaceChildren(...(page.querySelector('[data-files]')?.childNodes ?? []))
    } catch {
      table.replaceChildren()
    }
  }
  const show = async () => {
    if (!look() || chosen().length === 0 || sum() > limitOf('mostShown')) table.replaceChildren()
    else {
      while (reading) await reading
      reading = read()
      await reading
      reading = null
    }
    const forAll = first(HTMLElement, '[data-for-all]', form)
    if (forAll) forAll.hidden = table.childElementCount > 0
  }
  input.addEventListener('change', show)
  form.addEventListener('submit', async (event) => {
    if (!look()) event.preventDefault()
    if (!reading) return
    event.preventDefault()
    await reading
    form.requestSubmit()
  })
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    form.classList.add('dropping')
  })
  document.addEventListener('dragleave', () => form.classList.remove('dropping'))
  document.addEventListener('drop', (event) => {
    form.classList.remove('dropping')
    const dropped = [...(event.dataTransfer?.files ?? [])]
    if (dropped.length === 0) return
    event.preventDefault()
    // Files that are too many are replaced, and others get company
    const kept = fault() === '' ? chosen() : []
    const isKnown = (file: File) =>
      kept.some(({ name, size }) => name === file.name && size === file.size)
    const all = new DataTransfer()
    for (const file of [...kept, ...dropped.filter((each) => !isKnown(each))]) all.items.add(file)
    input.files = all.files
    void show()
  })
}
