import { byteSize, duration } from './values.js'
import { Opt, type Traits } from './option.js'

export function cacheDirOption() {
  return new Opt('--cache-dir <path>', 'use the piece cache in this directory', {
    ...{ takes: 'directory', variable: 'BTKIT_CACHE_DIR', isForLegacy: true },
  })
}

export function noCacheOption() {
  return new Opt('--no-cache', 'work without the piece cache', { isForLegacy: true })
}

/** The option `--cache-trust`: which parts of a file's fingerprint must match. */
export function cacheTrustOption() {
  return new Opt('--cache-trust <what>', 'choose how an unchanged file is recognized', {
    ...{ isForLegacy: true, isSetting: true },
  })
    .choices(['full', 'mtime'] as const)
    .default('full' as const, 'full')
}

export function cacheMaxSizeOption(description: string, traits: Traits = {}) {
  const own = { isForLegacy: true, ...traits }
  return new Opt('--cache-max-size <size>', description, own).argParser(byteSize)
}

export function stateDirOption(description: string) {
  return new Opt('--state-dir <path>', description, {
    ...{ takes: 'directory', variable: 'BTKIT_STATE_DIR', isForLegacy: true },
  })
}

/** The option `--unused-for`, in milliseconds; 30 days by default. */
export function unusedForOption(description: string, traits: Traits = {}) {
  return new Opt('--unused-for <time>', description, traits)
    .argParser(duration)
    .default(30 * 86_400_000, '30d')
}
