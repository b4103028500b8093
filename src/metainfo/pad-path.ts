/** The conventional directory of pad files (BEP 47). */
export const PAD_DIRECTORY = '.pad'

/** Returns the path of a pad file of that many bytes, as BEP 47 suggests. */
export function padPath(length: number): string[] {
  return [PAD_DIRECTORY, String(length)]
}
