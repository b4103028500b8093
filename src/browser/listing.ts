// The script of listings: filters the rows of a page while a search is typed, shows their number, and says
// how many files are chosen, and their size.
import './page.js'
import { all, first, textOf } from './elements.js'
import { wordsOfSize } from './words.js'

addEventListener('DOMContentLoaded', () => {
  filterRows()
  const chosen = document.getElementById('chosen')
  if (chosen?.parentElement) sumChosen(chosen, chosen.parentElement)
})

function filterRows(): void {
  const search = first(HTMLInputElement, '#search')
  const said = document.getElementById('shown')
  if (!search || !said) return
  const rows = all(HTMLTableRowElement, '.listing tbody tr:not(.up)').map((row) => {
    return { row, name: textOf(row.querySelector('th a')).toLowerCase() }
  })
  search.addEventListener('input', () => {
    const wanted = search.value.trim().toLowerCase()
    for (const { row, name } of rows) row.hidden = !name.includes(wanted)
    const count = rows.filter(({ row }) => !row.hidden).length
    said.textContent = `${count} of ${rows.length} shown; press Enter to search everywhere`
  })
}

function sumChosen(chosen: HTMLElement, bar: HTMLElement): void {
  const tell = () => {
    const sizes = all(HTMLInputElement, '.listing .pick :checked').map((box) => {
      return Number(first(HTMLDataElement, 'data', box.closest('tr') ?? document)?.value)
    })
    const size = sizes.reduce((sum, each) => sum + each, 0)
    bar.hidden = sizes.length === 0
    const files = `${sizes.length} ${sizes.length === 1 ? 'file' : 'files'}`
    chosen.textContent = `One torrent of ${files}, ${wordsOfSize(size)}:`
  }
  bar.classList.add('bar')
  addEventListener('change', tell)
  addEventListener('pageshow', tell)
  tell()
}
