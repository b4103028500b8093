import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Number of renamed files that are kept. */
const KEPT = 3

/**
 * Renames a file that cannot be used, for example to `tracker.state.damaged-1800000000000`, and
 * removes all but the newest such files. Returns the new path. `now` is in milliseconds since 1970.
 * @throws system errors unchanged
 */
export async function setAside(
  path: string,
  kind: 'damaged' | 'pickled',
  now: number,
): Promise<string> {
  const aside = `${path}.${kind}-${now}`
  await rename(path, aside)
  await removeOldest(`${path}.${kind}-`)
  return aside
}

async function removeOldest(beginning: string): Promise<void> {
  const directory = dirname(beginning)
  const names = (await readdir(directory)).filter((name) => {
    return name.startsWith(basename(beginning)) && /-\d+$/.test(name)
  })
  const since = (name: string) => Number(/\d+$/.exec(name))
  for (const name of names.sort((a, b) => since(b) - since(a)).slice(KEPT)) {
    await rm(join(directory, name), { force: true })
  }
}
