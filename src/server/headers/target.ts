/** Scheme and host of an absolute request target, which servers must accept (RFC 9112, 3.2.2). */
const ORIGIN = /^https?:\/\/[^/?]*/i

/**
 * The path of a request target without scheme and host, and what follows its first question mark;
 * other targets stay as they are. A target may have thousands of question marks, so no expression
 * may look for them.
 */
export function splitTarget(target: string): readonly [path: string, query: string] {
  const rest = target.startsWith('/') ? target : target.replace(ORIGIN, '')
  const form = rest === target || rest.startsWith('/') ? rest : `/${rest}`
  const mark = form.indexOf('?')
  return mark < 0 ? [form, ''] : [form.slice(0, mark), form.slice(mark + 1)]
}
