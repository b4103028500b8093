import { type IndexPool, MIN_ORDER } from './index-pool.js'

/** Position and size of each list in the pool. */
export interface IndexListsMemory {
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  /** log2 of the size of the list's block; 0 for none. */
  readonly orders: Uint8Array
  /** Index of each item within its list. */
  readonly positions: Uint32Array
}

/** Many unordered lists of numbered items. Each item is in one list. */
export class IndexLists {
  constructor(
    private readonly memory: IndexListsMemory,
    private readonly pool: IndexPool,
  ) {}

  length(list: number): number {
    return this.memory.lengths[list] ?? 0
  }

  at(list: number, position: number): number {
    return this.pool.entries[(this.memory.starts[list] ?? 0) + position] ?? 0
  }

  /** Adds an item. Returns false if there is no room. */
  add(list: number, item: number): boolean {
    const { starts, lengths, orders, positions } = this.memory
    const length = lengths[list] ?? 0
    const order = orders[list] ?? 0
    if (length === capacityOf(order) && !this.#resize(list, Math.max(MIN_ORDER, order + 1))) {
      return false
    }
    this.pool.entries[(starts[list] ?? 0) + length] = item
    positions[item] = length
    lengths[list] = length + 1
    return true
  }

  /** Removes an item from its list. The last item takes its place. */
  remove(list: number, item: number): void {
    const { starts, lengths, orders, positions } = this.memory
    const start = starts[list] ?? 0
    const length = (lengths[list] ?? 0) - 1
    const position = positions[item] ?? 0
    const last = this.pool.entries[start + length] ?? 0
    this.pool.entries[start + position] = last
    positions[last] = position
    lengths[list] = length
    const order = orders[list] ?? 0
    if (length === 0) this.#drop(list)
    else if (order > MIN_ORDER && length <= capacityOf(order) / 4) this.#resize(list, order - 1)
  }

  #drop(list: number): void {
    const { starts, orders } = this.memory
    this.pool.release(starts[list] ?? 0, orders[list] ?? 0)
    orders[list] = 0
  }

  #resize(list: number, order: number): boolean {
    const { starts, lengths, orders } = this.memory
    const to = this.pool.allocate(order)
    if (to < 0) return false
    const from = starts[list] ?? 0
    const { entries } = this.pool
    const length = lengths[list] ?? 0
    if (length > 0) entries.copyWithin(to, from, from + length)
    if ((orders[list] ?? 0) > 0) this.#drop(list)
    starts[list] = to
    orders[list] = order
    return true
  }
}

function capacityOf(order: number): number {
  return order === 0 ? 0 : 2 ** order
}
