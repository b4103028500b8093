import { SCRIPT } from '../../pages/script.js'

/**
 * The script of the administration, which works without it: torrents are dropped to be uploaded,
 * and too large uploads are noticed before they are sent.
 */
export const ADMIN_SCRIPT = `${SCRIPT}
// On a narrow window the menu is one row that scrolls
document.querySelector('.masthead [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })

for (const form of document.querySelectorAll('[data-upload]')) {
  const input = form.querySelector('input[type=file]')
  const problem = form.querySelector('.error')
  const { mostBytes, mostFiles } = form.dataset
  const fault = () => {
    const files = [...input.files]
    const bytes = files.reduce((sum, { size }) => sum + size, 0)
    if (files.length > Number(mostFiles)) return 'These are ' + files.length + ' files; choose at most ' + mostFiles + '.'
    const odd = files.find(({ name }) => !name.toLowerCase().endsWith('.torrent'))
    if (bytes <= Number(mostBytes)) return ''
    return odd ? odd.name + ' is not a .torrent file; choose only these.' : 'These files are too large; choose fewer.'
  }
  const look = () => {
    problem.textContent = fault()
    problem.hidden = problem.textContent === ''
    return problem.hidden
  }
  input.addEventListener('change', look)
  form.addEventListener('submit', (event) => {
    if (!look()) event.preventDefault()
  })
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    form.classList.add('dropping')
  })
  document.addEventListener('dragleave', () => form.classList.remove('dropping'))
  document.addEventListener('drop', (event) => {
    form.classList.remove('dropping')
    if (event.dataTransfer.files.length === 0) return
    event.preventDefault()
    input.files = event.dataTransfer.files
    look()
  })
}
`
