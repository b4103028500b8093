import { Buffer } from 'node:buffer'
import { contentSize } from '../../../metainfo/metainfo.js'
import { formatDhtNode } from '../../../metainfo/dht-node.js'
import { magnetLink } from '../../../metainfo/magnet.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { otherKeys } from '../../../metainfo/other-keys.js'
import { escapeText } from '../../../text/escape.js'

type Read = (metainfo: Metainfo) => readonly (string | number | null)[] | null

/** What can be asked for by name, as `--json` names it, and its values. */
const FIELDS = {
  infoHash: ({ infoHash }) => [infoHash],
  infoHashV2: ({ infoHashV2 }) => [infoHashV2],
  version: ({ version }) => [version],
  name: ({ name }) => [name],
  size: (metainfo) => [contentSize(metainfo)],
  pieceLength: ({ pieceLength }) => [pieceLength],
  pieceCount: ({ pieceCount }) => [pieceCount],
  private: (metainfo) => [String(metainfo.private)],
  announce: ({ announce }) => [announce],
  announceList: ({ announceList }) => announceList?.map((tier) => tier.join(',')) ?? null,
  httpSeeds: ({ httpSeeds }) => httpSeeds,
  webSeeds: ({ webSeeds }) => webSeeds,
  nodes: ({ nodes }) => nodes?.map(formatDhtNode) ?? null,
  comment: ({ comment }) => [comment],
  createdBy: ({ createdBy }) => [createdBy],
  creationDate: ({ creationDate }) => [creationDate],
  source: ({ source }) => [source],
  updateUrl: ({ updateUrl }) => [updateUrl],
  similar: ({ similar }) => similar,
  collections: ({ collections }) => collections,
  otherKeys,
  files: ({ files }) => files.filter(({ padding }) => !padding).map(({ path }) => path.join('/')),
  piecesRoots: ({ tree }) => tree?.map(({ piecesRoot }) => hex(piecesRoot)) ?? null,
  pieceLayers: ({ tree }) => tree?.map(({ layerState }) => layerState) ?? null,
  magnet: (metainfo) => [magnetLink(metainfo)],
  warnings: ({ warnings }) => warnings.map(({ message }) => message),
} satisfies Record<string, Read>

/** The name of a value that `--field` prints. */
export type FieldName = keyof typeof FIELDS

/** All names, in the order in which they are told. */
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[]

/** The field of a name, however it is spelled: `info-hash`, `info_hash` or `infoHash`. */
export function findField(text: string): FieldName | undefined {
  return FIELD_NAMES.find((name) => simple(name) === simple(text))
}

function simple(name: string): string {
  return name.replace(/[-_ ]/g, '').toLowerCase()
}

/** The values of fields, one a line, in the order in which they were asked for. */
export function showFields(metainfo: Metainfo, names: readonly FieldName[]): string {
  const values = names.flatMap((name) => {
    const read: Read = FIELDS[name]
    return read(metainfo) ?? []
  })
  return values
    .flatMap((value) => (value === null ? [] : [`${escapeText(String(value))}\n`]))
    .join('')
}

/** An empty file has no root: its line is empty, so that lines and files stay in step. */
function hex(root: Uint8Array | null): string {
  return root === null ? '' : Buffer.from(root).toString('hex')
}
