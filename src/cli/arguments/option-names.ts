/** Option names of other commands and programs, with btkit's names for them. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['--target', ['--output']],
  ['--output-dir', ['--output']],
  ['--saveas', ['--output']],
  ['--tracker', ['--announce']],
  ['--announce', ['--tracker']],
  ['--httpseeds', ['--http-seed']],
  ['--http-seeds', ['--http-seed']],
  ['--add-tracker', ['--add']],
  ['--remove-tracker', ['--remove']],
  ['--all', ['--hidden']],
  ['--pad-files', ['--padding']],
  ['--piece-size', ['--piece-length']],
  ['--max-piece-length', ['--max-piece-size']],
  ['--min-piece-length', ['--min-piece-size']],
  ['--target-piece-count', ['--target-pieces']],
  // Names of bttrack
  ['--bind', ['--host']],
  ['--dfile', ['--state']],
  ['--logfile', ['--log-file']],
  ['--reannounce-interval', ['--interval']],
  ['--timeout-downloaders-interval', ['--timeout']],
  ['--timeout-downloaders', ['--timeout']],
  ['--save-dfile-interval', ['--save-interval']],
])

/** The long names of options in other commands and programs. Names have no leading hyphens. */
export const NAMES_ELSEWHERE: readonly string[] = [...OTHER_NAMES.keys()].map((name) => {
  return name.slice('--'.length)
})

/** btkit's possible names for another program's option. Names have no leading hyphens. */
export function otherNames(key: string): string[] {
  const names = OTHER_NAMES.get(`--${key}`) ?? []
  return names.map((name) => name.slice('--'.length))
}

/** Switches that take 0 or 1 in BitTornado. */
const SWITCHES: ReadonlySet<string> = new Set([
  '--check-hashes',
  '--allowed-controls',
  '--compact-reqd',
  '--keep-dead',
  '--show-infopage',
  '--show-names',
  '--allow-get',
  '--hupmonitor',
])

/** Whether a switch takes 0 or 1 in BitTornado. `name` has its hyphens. */
export function takesTruth(name: string): boolean {
  return SWITCHES.has(name)
}
