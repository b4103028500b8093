/** Text that is XML already, as only `xml` makes it. */
export class Xml {
  constructor(readonly text: string) {}
}

/** What may stand in a template: text of anybody, XML, many of these, or nothing. */
export type XmlValue = string | number | Xml | readonly XmlValue[] | null

/**
 * XML from a template. All values are text, whoever wrote them, and come out as that text, be it in an
 * element or in a quoted attribute; only what `xml` made itself is left as it is. A program reads it,
 * so nothing is made visible that is not; but characters that no XML can hold become U+FFFD.
 */
export function xml(strings: TemplateStringsArray, ...values: readonly XmlValue[]): Xml {
  return new Xml(String.raw({ raw: strings }, ...values.map(render)))
}

function render(value: XmlValue): string {
  if (value instanceof Xml) return value.text
  if (typeof value === 'string') return escapeXml(value)
  if (typeof value === 'number') return String(value)
  return value === null ? '' : value.map(render).join('')
}

/** All that is no Char of XML 1.0: most control characters, halves of pairs, and two more. */
const IMPOSSIBLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu

/** What has a meaning of its own, and white space, of which attributes keep spaces alone. */
const SPECIAL = /[&<>"'\t\n\r]/g

function escapeXml(text: string): string {
  return text
    .replace(IMPOSSIBLE, '\u{fffd}')
    .replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`)
}
