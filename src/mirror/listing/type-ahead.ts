import { InlineScript } from '../../server/pages/policy.js'

/** Filters the rows of a page while the filter is typed, and shows their number. */
export const TYPE_AHEAD = new InlineScript(`
addEventListener('DOMContentLoaded', () => {
  const filter = document.getElementById('filter')
  const said = document.getElementById('shown')
  const rows = [...document.querySelectorAll('tbody tr')]
  const names = rows.map((row) => row.cells[0].firstElementChild.textContent.trim().toLowerCase())
  filter?.addEventListener('input', () => {
    const wanted = filter.value.trim().toLowerCase()
    let count = 0
    rows.forEach((row, i) => {
      row.hidden = !names[i].includes(wanted)
      if (!row.hidden) count++
    })
    said.textContent = count + ' of ' + rows.length + ' shown' + (said.dataset.more ?? '')
  })
})
`)
