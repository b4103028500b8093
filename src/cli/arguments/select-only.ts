import { Option } from '@commander-js/extra-typings'
import { nameErrors } from '../../errors.js'
import { magnetLink, parseFileRanges, type FileRange } from '../../metainfo/magnet.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { checked } from './values.js'

/** The option `--select-only`: the files that a magnet link selects (BEP 53). */
export function selectOnlyOption(description: string) {
  return new Option('--select-only <files>', description).argParser(checked(parseFileRanges))
}

/**
 * The magnet link of a torrent, with the selected files. `file` names the torrent in errors.
 * @throws BtkitError `usage` if the torrent has no such file
 */
export function selectingLink(
  metainfo: Metainfo,
  file: string,
  selectOnly: readonly FileRange[] | undefined,
): string {
  return nameErrors(file, () => magnetLink(metainfo, selectOnly))
}
