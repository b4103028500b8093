import { quoteText } from '../../text/escape.js'
import type { Metainfo, MetainfoFile } from '../metainfo.js'

/** Finds symbolic links that lead out of the torrent's directory (BEP 47). */
export function* findLinksOutside({ files }: Metainfo) {
  for (const { path, symlinkPath = [] } of files) {
    if (symlinkPath.every(isPlain)) continue
    yield `link ${quoteText(path.join('/'))} leads to ${quoteText(symlinkPath.join('/'))}`
  }
}

/** Finds symbolic links without a target, or with a target that the torrent does not have. */
export function* findLinksToNothing({ files }: Metainfo) {
  const links = files.filter(isLink)
  if (links.length === 0) return
  const places = placesOf(files)
  for (const { path, symlinkPath } of links) {
    const link = `link ${quoteText(path.join('/'))}`
    if (symlinkPath === undefined) yield `${link} does not say where it leads`
    else if (symlinkPath.every(isPlain) && !places.has(joined(symlinkPath))) {
      yield `${link} leads to ${quoteText(symlinkPath.join('/'))}, which the torrent does not have`
    }
  }
}

function isLink({ attr }: MetainfoFile): boolean {
  return attr.includes('l')
}

/** Whether a component is a plain name. */
function isPlain(component: string): boolean {
  return !/^\.{0,2}$|[/\0]/.test(component)
}

/** Returns the paths of all files and of the directories above them. */
function placesOf(files: readonly MetainfoFile[]): Set<string> {
  const places = new Set<string>()
  for (const { path } of files) {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const place = joined(path.slice(0, depth))
      if (places.has(place)) break
      places.add(place)
    }
  }
  return places
}

function joined(path: readonly string[]): string {
  return path.join('\0')
}
