// The script of listings: filters the rows of a page while a name is typed, shows their number, and
// says how many files are chosen, and their size.
import './page.js'
import { all, first, textOf } from './elements.js'
import { counted, formatBytes, formatNumber } from '../base/text/quantity.js'

addEventListener('DOMContentLoaded', () => {
  filterRows()
  const chosen = document.getElementById('chosen')
  if (chosen) sumChosen(chosen)
})

function filterRows(): void {
  const search = first(HTMLInputElement, '#filter')
  const said = document.getElementById('shown')
  if (!search || !said) return
  const rows = all(HTMLTableRowElement, '.listing tbody tr:not(.up)').map((row) => {
    return { row, name: textOf(row.querySelector('th a')).toLowerCase() }
  })
  const isWhole = !document.querySelector('.pages')
  search.addEventListener('input', () => {
    const wanted = search.value.trim().toLowerCase()
    for (const { row, name } of rows) row.hidden = !name.includes(wanted)
    const count = rows.filter(({ row }) => !row.hidden).length
    const shown = `${formatNumber(count)} of ${formatNumber(rows.length)} shown here`
    said.textContent = isWhole ? shown : `${shown}; press Enter for all pages`
  })
}

function sumChosen(chosen: HTMLElement): void {
  const tell = () => {
    const sizes = all(HTMLInputElement, '.listing tbody .pick :checked').map((box) => {
      return Number(first(HTMLDataElement, 'data', box.closest('tr') ?? document)?.value)
    })
    const size = sizes.reduce((sum, each) => sum + each, 0)
    chosen.textContent = `${counted(sizes.length, 'file')} chosen, ${formatBytes(size)}`
  }
  addEventListener('change', tell)
  addEventListener('pageshow', tell)
  tell()
}
