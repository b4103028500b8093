/** Names of text files that have no extension, in small letters. */
const NAMES = new Set(
  `readme install installing hacking authors contributors maintainers credits thanks
  license licence copying copyright notice patents unlicense
  changes changelog history news release_notes todo bugs faq version manifest owners
  makefile gnumakefile dockerfile containerfile vagrantfile jenkinsfile rakefile gemfile
  checksum checksums release inrelease packages sources filelist ls-lr`.split(/\s+/),
)

/** Lists of checksums, such as SHA256SUMS, and of the contents of Debian's packages. */
const PATTERNS = [/^(?:md5|b2|sha\d+|blake\w+)sums?$/, /^contents-[\w-]+$/]

/** Whether nearly all files with that name are text. */
export function isNameOfText(name: string): boolean {
  const small = name.toLowerCase()
  return NAMES.has(small) || PATTERNS.some((pattern) => pattern.test(small))
}
