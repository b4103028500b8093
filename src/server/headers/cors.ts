/**
 * Lets pages of all other sites read an answer, and the headers that a web seed needs; nothing here
 * depends on who asks for it.
 */
export const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Length, Content-Range, ETag, Link, Repr-Digest',
}

/** The answer to a browser that asks beforehand whether a page may send a request. */
export const PREFLIGHT = {
  ...CORS,
  'Access-Control-Allow-Methods': 'GET, HEAD',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '86400',
}
