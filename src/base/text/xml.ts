/** Text that is already XML. Only `xml` creates it. */
export class Xml {
  constructor(readonly text: string) {}
}

/** A value in a template: untrusted text, XML, a list of values, or nothing. */
export type XmlValue = string | number | Xml | readonly XmlValue[] | null

/**
 * Builds XML from a template. Every value is escaped, in an element as in a quoted attribute,
 * except XML that `xml` made. Programs read the result, so invisible characters stay invisible.
 * Characters that XML cannot contain become U+FFFD.
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

/**
 * Characters outside `Char` of XML 1.0: most control characters, unpaired surrogates, and two more.
 */
const IMPOSSIBLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu

/** Characters with a meaning in XML, and white space, because attributes preserve only spaces. */
const SPECIAL = /[&<>"'\t\n\r]/g

function escapeXml(text: string): string {
  return text
    .replace(IMPOSSIBLE, '\u{fffd}')
    .replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`)
}
