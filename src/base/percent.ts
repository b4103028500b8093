/** Decodes percent forms of a URL. Returns `otherwise`, by default the text itself, if they are wrong. */
export function decodePercent(text: string, otherwise = text): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return otherwise
  }
}
