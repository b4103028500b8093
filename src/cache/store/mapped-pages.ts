import { loadNative } from '../../native-addon.js'

/** What the native addon does for mapped files; native/release_pages.h has the contract. */
interface PagesAddon {
  releasePages(path: string): void
}

/** The addon; null where it is not built. */
const addon = loadNative<PagesAddon>('releasePages')

/**
 * Has what LMDB mapped of its file no longer count as memory of this process, as far as that can be
 * done. It is read as before.
 */
export function releasePages(path: string): void {
  addon?.releasePages(path)
}
