import { first, make } from './elements.js'
import { textOfTrackers, trackersIn } from './words.js'

/**
 * Shows the trackers of a field, a line each, as rows with buttons; the field stays what is sent.
 */
export function addTierRows(area: HTMLTextAreaElement): void {
  const list = make('ol', { className: 'tiers' })
  const said = make('p', { className: 'said' })
  said.setAttribute('role', 'status')
  const rows = () => [...list.children]
  const begins = (row: Element) => row !== list.firstElementChild && row.classList.contains('tier')

  // Each row has the same buttons, so they name its tracker; the first of a tier has its heading
  const name = () => {
    let tier = 0
    for (const row of rows()) {
      const head = first(HTMLElement, '.head', row)
      const isFirst = row === list.firstElementChild || begins(row)
      if (isFirst) tier++
      if (head) {
        head.hidden = !isFirst || !rows().some(begins)
        head.textContent = `Tier ${tier}${tier > 1 ? ` – used if tier ${tier - 1} fails` : ''}`
      }
      for (const made of row.querySelectorAll('button')) {
        made.title = `${made.dataset['act']} ${urlOf(row) || 'the empty row'}`
        made.setAttribute('aria-label', made.title)
      }
    }
  }
  const write = () => {
    area.value = textOfTrackers(rows().map((row) => [urlOf(row), begins(row)]))
    name()
  }
  const sayPlace = (row: Element) => {
    const before = rows().slice(0, 1 + rows().indexOf(row))
    const tier = 1 + before.filter(begins).length
    const place = before.length - Math.max(0, before.map(begins).lastIndexOf(true))
    said.textContent = `${urlOf(row) || 'The empty row'} is in tier ${tier}, row ${place}`
  }
  const button = (text: string, act: () => void) => {
    const made = make('button', { type: 'button', textContent: text })
    made.addEventListener('click', () => {
      act()
      write()
    })
    return made
  }
  const rowButton = (row: Element, text: string, does: string, act: () => void) => {
    const made = button(text, () => {
      act()
      // A row that moved has lost the focus
      if (!row.isConnected) return
      sayPlace(row)
      made.focus()
    })
    made.dataset['act'] = does
    return made
  }
  const remove = (row: Element) => {
    const next = row.nextElementSibling
    said.textContent = `${urlOf(row) || 'The empty row'} is removed`
    // The rest of a tier stays one
    if (begins(row)) next?.classList.add('tier')
    row.remove()
    const button = next && first(HTMLButtonElement, 'button:last-of-type', next)
    ;(button ?? more).focus()
  }

  const add = (url: string, isTier: boolean): HTMLInputElement => {
    const row = make('li')
    row.classList.toggle('tier', isTier)
    const head = make('span', { className: 'head', role: 'heading', ariaLevel: '2' })
    const input = make('input', { type: 'text', value: url, placeholder: area.placeholder })
    input.setAttribute('aria-label', 'Tracker')
    input.addEventListener('input', write)
    input.addEventListener('paste', (event) => {
      const trackers = trackersIn(event.clipboardData?.getData('text') ?? '')
      if (trackers.length < 2) return
      event.preventDefault()
      paste(row, input, trackers)
      write()
    })
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault()
        const next = row.nextElementSibling
        ;((next && inputOf(next)) ?? add('', false)).focus()
        return
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
      gripOf(row, list, write),
      input,
      rowButton(row, '↑', 'Move up', () => move(row, false)),
      rowButton(row, '↓', 'Move down', () => move(row, true)),
      rowButton(row, '⤓', 'Begin or join a tier:', () => row.classList.toggle('tier')),
      rowButton(row, '×', 'Remove', () => remove(row)),
    )
    list.append(row)
    return input
  }
  const paste = (
    row: Element,
    input: HTMLInputElement,
    trackers: ReturnType<typeof trackersIn>,
  ) => {
    let last = row
    for (const [url, begins] of trackers) {
      const added = last === row && input.value === '' ? input : add(url, begins)
      added.value = url
      const place = added.closest('li')
      if (!place || place === row) continue
      last.after(place)
      last = place
    }
  }
  const fill = () => {
    list.replaceChildren()
    for (const [url, begins] of trackersIn(area.value)) add(url, begins)
    if (list.childElementCount === 0) add('', false)
    name()
  }
  const begin = (isTier: boolean) => {
    const last = list.lastElementChild
    const input = (last && !urlOf(last) && inputOf(last)) || add('', isTier)
    if (isTier) input.parentElement?.classList.add('tier')
    input.focus()
  }
  const more = button('Add a tracker', () => begin(false))
  const next = button('New tier', () => begin(true))
  fill()
  // After Back, a browser fills in the lines only now
  addEventListener('pageshow', fill)
  area.hidden = true
  // The headings say it
  for (const hint of area.parentElement?.querySelectorAll<HTMLElement>('[data-plain]') ?? [])
    hint.hidden = true
  const holder = make('div')
  holder.append(list, more, ' ', next, said)
  area.after(holder)
}

function inputOf(row: Element): HTMLInputElement | undefined {
  return first(HTMLInputElement, 'input', row)
}

function urlOf(row: Element): string {
  return inputOf(row)?.value.trim() ?? ''
}

function move(row: Element, isDown: boolean): void {
  if (isDown) row.nextElementSibling?.after(row)
  else row.previousElementSibling?.before(row)
}

/** The grip by which a row is dragged over other rows. */
function gripOf(row: HTMLElement, list: HTMLElement, write: () => void): HTMLElement {
  const grip = make('span', { className: 'grip', textContent: '⠿', draggable: true })
  grip.setAttribute('aria-hidden', 'true')
  grip.addEventListener('dragstart', (event) => {
    row.classList.add('dragged')
    event.dataTransfer?.setData('text/plain', urlOf(row))
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
  return grip
}
