import { Buffer } from 'node:buffer'
import { contentSize } from '../../../metainfo/metainfo.js'
import { formatDhtNode } from '../../../metainfo/dht-node.js'
import { magnetLink } from '../../../metainfo/magnet.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import { otherKeys } from '../../../metainfo/other-keys.js'
import { escapeText } from '../../../text/escape.js'

type Read = (metainfo: Metainfo) => readonly (string | number | null)[] | null

/** The values that can be printed by name. Names are those of `--json`. */
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

/** The name of a value for `--field`. */
export type FieldName = keyof typeof FIELDS

/** All names, in the order in which they are listed. */
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[]

/** Finds a field by its name in any spelling: `info-hash`, `info_hash` or `infoHash`. */
export function findField(text: string): FieldName | undefined {
  return FIELD_NAMES.find((name) => simple(name) === simple(text))
}

function simple(name: string): string {
  return name.replace(/[-_ ]/g, '').toLowerCase()
}

/** Prints the values of fields, one per line, in the requested order. */
export function showFields(metainfo: Metainfo, names: readonly FieldName[]): string {
  const values = names.flatMap((name) => {
    const read: Read = FIELDS[name]
    return read(metainfo) ?? []
  })
  return values
    .flatMap((value) => (value === null ? [] : [`${escapeText(String(value))}\n`]))
    .join('')
}

/** The line of an empty file, which has no root, is empty. Lines therefore correspond to files. */
function hex(root: Uint8Array | null): string {
  return root === null ? '' : Buffer.from(root).toString('hex')
}
