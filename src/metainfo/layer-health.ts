import type { TreeFile } from './metainfo.js'

/** How many of the piece layers that a v2 torrent needs are in which state. */
export interface LayerHealth {
  readonly ok: number
  readonly missing: number
  readonly wrong: number
}

/** Counts the piece layers of a v2 file tree (BEP 52). */
export function countLayers(tree: readonly TreeFile[]): LayerHealth {
  const health = { ok: 0, missing: 0, wrong: 0 }
  for (const { layerState } of tree) if (layerState !== 'none') health[layerState] += 1
  return health
}
