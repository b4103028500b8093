/** Faults in spite of which metainfo can be read, by name. */
export type WarningCode =
  | 'trailing-space' // white space after the end of the metainfo
  | 'unsorted-keys' // a dictionary whose keys are not in byte order
  | 'ignored-value' // an optional value that makes no sense and is left out
  | 'not-utf8' // text that is not UTF-8, shown with replacement characters
  | 'unsafe-path' // a path that no program may write to a disk
  | 'backslash-path' // a path that is another one on Windows
  | 'no-content' // a torrent of zero bytes
  | 'pad-without-path' // a pad file that has no path
  | 'layer-missing' // a file of a v2 torrent without its piece layer
  | 'layer-wrong' // a piece layer that does not lead to the pieces root of its file
  | 'layer-unneeded' // a piece layer of no file, or of one that fills one piece at most

/** A fault to tell people of. The message is a single line, safe to print. */
export interface Warning {
  readonly code: WarningCode
  readonly message: string
}
