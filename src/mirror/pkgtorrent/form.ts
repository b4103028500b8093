import { malformed, Refusal } from '../../server/answers/refusal.js'
import { percentDecode } from '../requests/percent-decode.js'

/**
 * Reads the paths in a form (application/x-www-form-urlencoded): the values of its fields `p`, in
 * their order. Other fields are ignored.
 * @throws Refusal
 */
export function parsePaths(body: Uint8Array, maxPaths: number): string[] {
  const fields = decodeUtf8(body).split('&')
  const values = fields.filter((field) => field.startsWith('p='))
  if (values.length > maxPaths)
    throw new Refusal('too-large', `more than ${maxPaths} paths; send fewer`)
  if (values.length === 0) throw malformed('no path given; send each as a field p of the form')
  return values.map((value) => decodeValue(value.slice(2)))
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw malformed('the form is not UTF-8; encode its paths in UTF-8')
  }
}

function decodeValue(value: string): string {
  const path = percentDecode(value.replaceAll('+', ' '))
  if (path.includes('\n')) throw malformed('a path contains a newline; rename the file')
  return path
}
