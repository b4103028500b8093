/**
 * Spells a value so that two that differ in anything are never spelled alike: of the types that options
 * have. The order of an object's keys makes no difference, that of a Map's does.
 * @throws TypeError for any other type, as what it holds can't be known: functions, symbols, dates and
 *   objects of other classes
 */
export function spellOut(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      return value === null ? 'null' : spellObject(value)
    default:
      throw new TypeError(`a ${typeof value} can't be spelled out`)
  }
}

function spellObject(value: object): string {
  if (Array.isArray(value)) return `[${Array.from(value, spellOut).join()}]`
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString('hex')}>`
  if (value instanceof Map) return `Map${spellOut([...(value as Map<unknown, unknown>)])}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`${Object.prototype.toString.call(value)} can't be spelled out`)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map((entry) => entry.map(spellOut).join(':')).join()}}`
}
