/** Texts, and what tells of objects: between texts, a colon comes after keys alone. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}:]/g

/**
 * The first key that an object in well-formed JSON has twice, the way `keyOf` spells it; null for none.
 * JSON.parse takes the last of them without a word.
 */
export function doubledKey(json: string, keyOf: (text: string) => string): string | null {
  const objects: Set<string>[] = []
  let text = ''
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (token === ':') {
      const name = JSON.parse(text) as string
      const keys = objects.at(-1)
      if (keys?.has(keyOf(name))) return name
      keys?.add(keyOf(name))
    } else text = token
  }
  return null
}
