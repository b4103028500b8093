/** The memory of a pool. */
export interface IndexPoolMemory {
  /** The content of the blocks. The length is a power of two. */
  readonly entries: Uint32Array
  /** For each pair of entries: the order of the free block that begins there plus one, or 0. */
  readonly freeOrders: Uint8Array
  /** The first free block of each order plus one, and a mark that the pool was initialized. */
  readonly heads: Uint32Array
}

/** log2 of the smallest block. A free block needs two entries for its links. */
export const MIN_ORDER = 1
/** Length of the array `heads` of a pool's memory. */
export const POOL_HEADS = 33
const IS_SET_UP = 32

/**
 * Allocates blocks of 2^order numbers in one array (buddy system). Free neighbours are merged
 * again, so the array does not fragment over time.
 */
export class IndexPool {
  readonly entries: Uint32Array
  readonly #freeOrders: Uint8Array
  readonly #heads: Uint32Array
  readonly #maxOrder: number

  constructor(memory: IndexPoolMemory) {
    this.entries = memory.entries
    this.#freeOrders = memory.freeOrders
    this.#heads = memory.heads
    this.#maxOrder = 31 - Math.clz32(memory.entries.length)
    if (this.#heads[IS_SET_UP] === 0) {
      this.#heads[IS_SET_UP] = 1
      this.#push(0, this.#maxOrder)
    }
  }

  /** Returns the start of a block of 2^order entries, or -1 if there is no room. */
  allocate(order: number): number {
    let found = order
    while (found <= this.#maxOrder && this.#heads[found] === 0) found += 1
    if (found > this.#maxOrder) return -1
    const start = (this.#heads[found] ?? 0) - 1
    this.#unlink(start, found)
    for (; found > order; found -= 1) this.#push(start + 2 ** (found - 1), found - 1)
    return start
  }

  /** Frees the block of 2^order entries at `start`. */
  release(start: number, order: number): void {
    let block = start
    let size = order
    for (; size < this.#maxOrder; size += 1) {
      const buddy = block ^ (1 << size)
      if (this.#freeOrders[buddy >>> 1] !== size + 1) break
      this.#unlink(buddy, size)
      block &= ~(1 << size)
    }
    this.#push(block, size)
  }

  #push(start: number, order: number): void {
    const head = this.#heads[order] ?? 0
    this.entries[start] = head
    this.entries[start + 1] = 0
    if (head !== 0) this.entries[head] = start + 1
    this.#heads[order] = start + 1
    this.#freeOrders[start >>> 1] = order + 1
  }

  #unlink(start: number, order: number): void {
    const following = this.entries[start] ?? 0
    const before = this.entries[start + 1] ?? 0
    if (before === 0) this.#heads[order] = following
    else this.entries[before - 1] = following
    if (following !== 0) this.entries[following] = before
    this.#freeOrders[start >>> 1] = 0
  }
}
