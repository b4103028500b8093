import { createRequire } from 'node:module'

/**
 * The functions of the native addon that have these names; null where it is not built, or lacks one,
 * as one that an earlier version left behind may.
 */
export function loadNative<Functions extends object>(
  ...names: readonly (keyof Functions)[]
): Functions | null {
  try {
    const addon = createRequire(import.meta.url)('#piece-hash') as Partial<Functions>
    return names.every((name) => addon[name] !== undefined) ? (addon as Functions) : null
  } catch {
    return null
  }
}
