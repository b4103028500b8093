/**
 * Reads tiers of trackers (BEP 12): a URL a line, and an empty line before the next tier.
 */
export function parseTiers(text: string): string[][] {
  const tiers: string[][] = [[]]
  for (const line of text.split(/\r\n?|\n/)) {
    const url = line.trim()
    if (url === '') tiers.push([])
    else tiers.at(-1)?.push(url)
  }
  return tiers.filter((tier) => tier.length > 0)
}

/** Writes tiers as parseTiers reads them. */
export function formatTiers(tiers: readonly (readonly string[])[]): string {
  return tiers.map((tier) => tier.join('\n')).join('\n\n')
}
