import { COMMON_SCRIPT } from '../../page-parts/page-script.js'

/**
 * The script of pages with forms, after that of all pages; each works without it. It follows a job, fills
 * in a chosen preset, makes rows of the lines of trackers, and lets one box check all of a table.
 */
export const SCRIPT = `
'use strict'
${COMMON_SCRIPT}
const base = new URL('.', document.currentScript.src)

const job = document.querySelector('[data-job]')
if (job) {
  const bar = job.querySelector('progress')
  const { title } = document
  const tell = (text) => {
    document.getElementById('told').textContent = text
  }
  const look = async () => {
    try {
      const answer = await fetch(new URL('job/' + job.dataset.job + '/state', base))
      if (!answer.ok) return tell('This page is not updated any more; load it again.')
      const { state, told, path, done, total } = await answer.json()
      if (state !== 'running') return location.reload()
      if (total > 0) {
        Object.assign(bar, { max: total, value: done })
        document.title = Math.floor((100 * done) / total) + ' % - ' + title
      }
      tell(told)
      document.getElementById('now').textContent = path
      setTimeout(look, 300)
    } catch {
      tell('btkit does not answer; it may have ended.')
    }
  }
  setTimeout(look, 300)
}

for (const table of document.querySelectorAll('.picker table')) {
  const buttons = [...table.querySelectorAll('button')]
  const shown = () => buttons.filter((button) => !button.closest('tr').hidden)
  const filter = document.createElement('input')
  Object.assign(filter, { id: 'search', type: 'search', placeholder: 'Search names' })
  filter.setAttribute('aria-label', 'Search names')
  filter.addEventListener('input', () => {
    const part = filter.value.toLowerCase()
    for (const button of buttons)
      button.closest('tr').hidden = !button.textContent.toLowerCase().includes(part)
  })
  filter.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    shown()[0]?.click()
  })
  table.closest('section').addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    shown().at(shown().indexOf(document.activeElement) + step)?.focus()
  })
  table.parentElement.before(filter)
  buttons[0]?.focus()
}

for (const choice of document.querySelectorAll('select[name=preset]')) {
  const fill = choice.form.querySelector('[value=preset]')
  fill.hidden = true
  choice.addEventListener('change', () => fill.click())
}

// The summary of the folded fields, as the server writes it
for (const more of document.querySelectorAll('[data-more]')) {
  const valueOf = (field) => {
    const area = field.querySelector('textarea, input[type=text]')
    if (area) return area.value.trim().split(/\\s+/).join(' ')
    const select = field.querySelector('select')
    if (select) return select.selectedIndex > 0 ? select.selectedOptions[0].text : ''
    const isDefault = (input) => input.type === 'radio' && input === field.querySelector('input')
    const checked = [...field.querySelectorAll('input:checked')].filter((input) => !isDefault(input))
    return checked.map((input) => input.parentElement.textContent.trim()).join(', ')
  }
  const tell = () => {
    const set = [...more.querySelectorAll('.field')].flatMap((field) => {
      const value = valueOf(field)
      return value ? [field.firstElementChild.textContent + ': ' + value] : []
    })
    more.querySelector('[data-set]').textContent = set.join(', ').slice(0, 200)
  }
  more.addEventListener('input', tell)
  addEventListener('pageshow', tell)
}

// Pieces and sizes while one chooses: a request ends the one before, for which the form has changed
for (const form of document.querySelectorAll('[data-plans]')) {
  const shown = form.querySelector('[data-plan]')
  let asked = new AbortController()
  const ask = async () => {
    asked.abort()
    if (form.elements.path.value.trim() === '') return
    const { signal } = (asked = new AbortController())
    try {
      const body = new URLSearchParams(new FormData(form))
      body.set('act', 'plan')
      const answer = await fetch(form.action, { method: 'POST', body, signal })
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      const plan = page.querySelector('[data-plan]')
      const problem = page.querySelector('.error')
      if (problem) problem.className = 'muted'
      shown.replaceChildren(...(problem ? [problem] : (plan?.childNodes ?? [])))
      const place = page.querySelector('[name=output]')?.placeholder
      if (place) form.elements.output.placeholder = place
    } catch {
      // The form has changed, the page is left, or the program has ended
    }
  }
  const names = ['path', 'piece', 'version', 'exclude', 'all', 'output', 'replace']
  form.addEventListener('change', ({ target }) => names.includes(target.name) && ask())
  addEventListener('pageshow', () => shown.childElementCount === 0 && ask())
}

for (const area of document.querySelectorAll('[data-tiers]')) {
  const list = document.createElement('ol')
  list.className = 'tiers'
  const said = document.createElement('p')
  said.className = 'said'
  said.setAttribute('role', 'status')
  const urlOf = (row) => row.querySelector('input').value.trim()
  const begins = (row) => row !== list.firstElementChild && row.classList.contains('tier')
  // Each row has the same buttons, so they name its tracker; the first of a tier has its heading
  const name = () => {
    let tier = 0
    for (const row of list.children) {
      const head = row.querySelector('.head')
      head.hidden = row !== list.firstElementChild && !begins(row)
      if (!head.hidden) tier++
      head.textContent = 'Tier ' + tier + (tier > 1 ? ' \u2013 used if tier ' + (tier - 1) + ' fails' : '')
      for (const made of row.querySelectorAll('button')) {
        made.title = made.dataset.act + ' ' + (urlOf(row) || 'the empty row')
        made.setAttribute('aria-label', made.title)
      }
    }
  }
  // An empty row is no empty line, which would begin a tier
  const write = () => {
    let isNext = false
    area.value = [...list.children].reduce((text, row) => {
      isNext ||= begins(row)
      if (!urlOf(row)) return text
      const start = text === '' ? '' : isNext ? '\\n\\n' : '\\n'
      isNext = false
      return text + start + urlOf(row)
    }, '')
    name()
  }
  const sayPlace = (row) => {
    const before = [...list.children].slice(0, 1 + [...list.children].indexOf(row))
    const tier = 1 + before.filter(begins).length
    const place = before.length - Math.max(0, before.findLastIndex(begins))
    said.textContent = (urlOf(row) || 'The empty row') + ' is in tier ' + tier + ', row ' + place
  }
  const button = (text, act) => {
    const made = document.createElement('button')
    Object.assign(made, { type: 'button', textContent: text })
    made.addEventListener('click', () => {
      act()
      write()
    })
    return made
  }
  const rowButton = (row, text, does, act) => {
    const made = button(text, () => {
      act()
      // A row that moved has lost the focus
      if (!row.isConnected) return
      sayPlace(row)
      made.focus()
    })
    made.dataset.act = does
    return made
  }
  const move = (row, down) => {
    const other = down ? row.nextElementSibling : row.previousElementSibling
    if (!other) return
    if (down) other.after(row)
    else other.before(row)
  }
  const remove = (row) => {
    const next = row.nextElementSibling?.querySelector('button:last-of-type') ?? more
    said.textContent = (urlOf(row) || 'The empty row') + ' is removed'
    // The rest of a tier stays one
    if (begins(row)) row.nextElementSibling?.classList.add('tier')
    row.remove()
    next.focus()
  }
  // Trackers, and whether each begins a tier: after an empty line or a bar
  const trackersIn = (text) => {
    const found = []
    let begins = false
    for (const line of text.split(/\\r\\n?|\\n|(?=\\|)/)) {
      begins ||= line.startsWith('|') || line.trim() === ''
      for (const url of line.replace('|', '').split(/,(?=\\s*[a-z][a-z0-9+.-]*:\\/\\/)/i)) {
        if (url.trim() === '') continue
        found.push([url.trim(), begins])
        begins = false
      }
    }
    return found
  }
  const add = (url, begins) => {
    const row = document.createElement('li')
    row.classList.toggle('tier', begins)
    const head = document.createElement('span')
    head.className = 'head'
    head.setAttribute('role', 'heading')
    head.setAttribute('aria-level', '2')
    const grip = document.createElement('span')
    Object.assign(grip, { className: 'grip', textContent: '\\u283f', draggable: true })
    grip.setAttribute('aria-hidden', 'true')
    grip.addEventListener('dragstart', (event) => {
      row.classList.add('dragged')
      event.dataTransfer.setData('text/plain', row.querySelector('input').value)
    })
    grip.addEventListener('dragend', () => {
      row.classList.remove('dragged')
      write()
    })
    row.addEventListener('dragover', (event) => {
      const dragged = list.querySelector('.dragged')
      if (!dragged) return
      event.preventDefault()
      const { top, height } = row.getBoundingClientRect()
      if (event.clientY > top + height / 2) row.after(dragged)
      else row.before(dragged)
    })
    const input = document.createElement('input')
    Object.assign(input, { type: 'text', value: url, placeholder: area.placeholder })
    input.setAttribute('aria-label', 'Tracker')
    input.addEventListener('input', write)
    input.addEventListener('paste', (event) => {
      const pasted = event.clipboardData.getData('text')
      const trackers = trackersIn(pasted)
      if (trackers.length < 2) return
      event.preventDefault()
      let last = row
      for (const [url, begins] of trackers) {
        const added = last === row && input.value === '' ? input : add(url, begins)
        added.value = url
        const place = added.closest('li')
        if (place !== row) last.after(place)
        last = place
      }
      write()
    })
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault()
        const next = row.nextElementSibling?.querySelector('input') ?? add('', false)
        return next.focus()
      }
      if (!event.altKey || !['ArrowUp', 'ArrowDown'].includes(event.key)) return
      event.preventDefault()
      move(row, event.key === 'ArrowDown')
      write()
      sayPlace(row)
      input.focus()
    })
    row.append(
      head,
      grip,
      input,
      rowButton(row, '\\u2191', 'Move up', () => move(row, false)),
      rowButton(row, '\\u2193', 'Move down', () => move(row, true)),
      rowButton(row, '\\u2913', 'Begin or join a tier:', () => row.classList.toggle('tier')),
      rowButton(row, '\\u00d7', 'Remove', () => remove(row)),
    )
    list.append(row)
    return input
  }
  const fill = () => {
    list.replaceChildren()
    for (const [url, begins] of trackersIn(area.value)) add(url, begins)
    if (list.childElementCount === 0) add('', false)
    name()
  }
  fill()
  // After Back, a browser fills in the lines only now
  addEventListener('pageshow', fill)
  area.hidden = true
  // The headings say it
  for (const hint of area.parentElement.querySelectorAll('[data-plain]')) hint.hidden = true
  const begin = (isTier) => {
    const last = list.lastElementChild
    const input = last && !urlOf(last) ? last.querySelector('input') : add('', isTier)
    if (isTier) input.parentElement.classList.add('tier')
    input.focus()
  }
  const more = button('Add a tracker', () => begin(false))
  const next = button('New tier', () => begin(true))
  const holder = document.createElement('div')
  holder.append(list, more, ' ', next, said)
  area.after(holder)
}

for (const table of document.querySelectorAll('[data-all]')) {
  const boxes = [...table.querySelectorAll('tbody input[type=checkbox]')]
  if (boxes.length < 2) continue
  const all = document.createElement('input')
  all.type = 'checkbox'
  all.setAttribute('aria-label', 'All')

  const look = () => {
    const checked = boxes.filter((box) => box.checked).length
    all.checked = checked === boxes.length
    all.indeterminate = checked > 0 && checked < boxes.length
    const sum = table.closest('form')?.querySelector('[data-sum]')
    if (sum) sum.textContent = checked + ' chosen'
  }

  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked
    look()
  })
  table.addEventListener('change', look)
  addEventListener('pageshow', look)
  table.querySelector('thead td').append(all)
  look()
}
`
