import { malformed } from '../../server/answers/refusal.js'

/**
 * Decodes percent-encoded UTF-8.
 * @throws Refusal
 */
export function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformed('a path is not percent-encoded UTF-8; encode it so')
  }
}
