import { createRequire } from 'node:module'

/**
 * The functions of the native addon that have these names; null where it is not built, or lacks one,
 * as one that an earlier version left behind may.
 */
export function loadNative<Functions extends object>(
  ...names: readonly (keyof Functions)[]
): Functions | null {
  const addon: Partial<Functions> = nativeAddon()
  return names.every((name) => addon[name] !== undefined) ? (addon as Functions) : null
}

/** All functions of the native addon; none where it is not built. */
export function nativeAddon(): object {
  loaded ??= load()
  return loaded
}

/** Kept: to look for it anew takes longer than much of what it does. */
let loaded: object | undefined

function load(): object {
  try {
    return createRequire(import.meta.url)('#piece-hash') as object
  } catch {
    return {}
  }
}
