/** A connection that nothing was asked on for so long is closed, in milliseconds. */
export const KEEP_ALIVE = 15_000
