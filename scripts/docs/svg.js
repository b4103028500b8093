// Pictures as SVG: bars, and a terminal's text. Both have a background of their own, so that they
// can be read on light and dark pages.
const FONT = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"'

/** A chart of horizontal bars: pairs of label and value, btkit's in a colour of its own. */
export function barChart({ title, bars }) {
  const largest = Math.max(...bars.map(([, value]) => value))
  const rows = bars.map(([label, value], row) => {
    const y = 52 + row * 30
    const width = Math.max(2, (value / largest) * 300)
    const colour = label.startsWith('btkit') ? '#2f6fde' : '#9aa3b2'
    return [
      `<text x="330" y="${y + 15}" text-anchor="end">${escape(label)}</text>`,
      `<rect x="340" y="${y}" width="${width.toFixed(1)}" height="20" rx="2" fill="${colour}"/>`,
      `<text x="${(348 + width).toFixed(1)}" y="${y + 15}">${value.toLocaleString('en')}</text>`,
    ].join('\n')
  })
  const heading = `<text x="16" y="30" font-size="15" font-weight="bold">${escape(title)}</text>`
  const body = `<g font-family="system-ui, sans-serif" font-size="13" fill="#1c2330">\n${heading}\n${rows.join('\n')}\n</g>`
  return picture({ width: 740, height: 68 + bars.length * 30, colour: '#ffffff', title, body })
}

/** A terminal that shows lines: of commands, which begin with `$ `, and of output. */
export function terminal({ title, lines, columns }) {
  const text = lines.map((line, row) => {
    const y = 58 + row * 19
    const colour = line.startsWith('$ ') || line.startsWith('> ') ? '#9ad1ff' : '#d7dce4'
    return `<text x="18" y="${y}" fill="${colour}" xml:space="preserve">${escape(line)}</text>`
  })
  const dots = ['#e0605a', '#dfb24a', '#62b158'].map(
    (colour, index) => `<circle cx="${22 + index * 20}" cy="20" r="6" fill="${colour}"/>`,
  )
  const body = `${dots.join('\n')}\n<g ${FONT} font-size="13.5">\n${text.join('\n')}\n</g>`
  const [width, height] = [Math.ceil(36 + columns * 8.2), 58 + lines.length * 19]
  return picture({ width, height, colour: '#1b202b', title, body })
}

/** Text in lines of so many columns. */
export function wrap(text, columns) {
  return text
    .trimEnd()
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [''])
}

function picture({ width, height, colour, title, body }) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escape(title)}</title>
<rect width="100%" height="100%" rx="8" fill="${colour}"/>
${body}
</svg>
`
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
