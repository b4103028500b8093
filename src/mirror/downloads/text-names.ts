/** What files are called, in small letters, that are text though their names have no extension. */
const NAMES = new Set(
  `readme install installing hacking authors contributors maintainers credits thanks
  license licence copying copyright notice patents unlicense
  changes changelog history news release_notes todo bugs faq version manifest owners
  makefile gnumakefile dockerfile containerfile vagrantfile jenkinsfile rakefile gemfile
  checksum checksums release inrelease packages sources filelist ls-lr`.split(/\s+/),
)

/** Lists of checksums, such as SHA256SUMS, and of what is in Debian's packages. */
const PATTERNS = [/^(?:md5|b2|sha\d+|blake\w+)sums?$/, /^contents-[\w-]+$/]

/** Whether a file of that name is most likely text, as nearly all that are called so. */
export function isNameOfText(name: string): boolean {
  const small = name.toLowerCase()
  return NAMES.has(small) || PATTERNS.some((pattern) => pattern.test(small))
}
