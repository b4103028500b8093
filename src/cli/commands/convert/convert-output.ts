import type { Metainfo } from '../../../metainfo/metainfo.js'
import { failureKeys, torrentKeys } from '../../output/torrent-json.js'
import { jsonLine } from '../../../text/escape.js'
import { optional } from '../edit/edit-output.js'

/** The result of a conversion. `after` is null if no torrent was made. */
export interface ConvertResult {
  readonly file: string
  /** The file that was written. */
  readonly target: string
  readonly before: Metainfo | null
  readonly after: Metainfo | null
  /** Null if it was converted, or would be. */
  readonly error: unknown
}

/** Formats a result for programs: one line of JSON. */
export function convertJson(result: ConvertResult, dryRun: boolean): string {
  const { file, target, before, after, error } = result
  return jsonLine({
    ...torrentKeys(file, after),
    file,
    target,
    dryRun,
    converted: after !== null,
    version: after?.version ?? null,
    oldVersion: before?.version ?? null,
    pieceLength: after?.pieceLength ?? null,
    oldInfoHash: before?.infoHash ?? null,
    oldInfoHashV2: before?.infoHashV2 ?? null,
    ...failureKeys(error),
  })
}

/** Formats a result for people. */
export function convertLines({ file, target, before, after }: ConvertResult): string[] {
  if (before === null || after === null) return []
  const place = target === file ? '' : `, written to ${target}`
  return [
    `converted ${file} from ${before.version} to ${after.version}${place}`,
    ...optional('old info hash', before.infoHash),
    ...optional('new info hash', after.infoHash),
    ...optional('old info hash v2', before.infoHashV2),
    ...optional('new info hash v2', after.infoHashV2),
  ]
}
