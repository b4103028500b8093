/** Scheme and host of an absolute request target, which servers must accept (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*/i

/** Path and query of a request target, without scheme and host. Other targets stay as they are. */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const form = target.replace(ORIGIN, '')
  return form === target || form.startsWith('/') ? form : `/${form}`
}

/**
 * The path of a request target without scheme and host, and what follows its first question mark. A
 * target may have thousands of question marks, so no expression may look for them.
 */
export function splitTarget(target: string): readonly [path: string, query: string] {
  const form = originForm(target)
  const mark = form.indexOf('?')
  return mark < 0 ? [form, ''] : [form.slice(0, mark), form.slice(mark + 1)]
}

/** The words of a request target's query, which `&` separates. */
export function queryWords(target: string): string[] {
  return splitTarget(target)[1].split('&')
}
