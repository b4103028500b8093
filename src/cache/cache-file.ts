/** The name of the file in the cache's directory. */
export const CACHE_FILE = 'pieces.mdb'
