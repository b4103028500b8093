/** What Twisted has before the words of a failure: the class of what was raised. */
const RAISED = /<class '(?<raised>[^']*)'>:[ ]?(?<words>.*)/

/**
 * The words of a failure of Deluge's: it comes as an exception with its class before it, with a failure
 * of Twisted around it when it is the daemon's, and often with a traceback after or before it.
 */
export function failureWords(message: string): string {
  const { raised = '', words = '' } = RAISED.exec(message)?.groups ?? {}
  if (raised !== '') return words.trim() || raised
  const lines = message.trim().split('\n')
  return lines.findLast((line) => /\w/.test(line))?.trim() ?? 'fails without saying why'
}
