/**
 * The packages that become part of bundles, as the quick commands need them or they are ES modules
 * only. They don't come with the published package.
 */
export const JOINED = [
  'commander',
  '@commander-js/extra-typings',
  '@fastify/cookie',
  '@fastify/csrf',
  '@fastify/multipart',
  'bittorrent-dht',
  'bittorrent-protocol',
  'bullmq',
  'chalk',
  'markdown-it',
  'mime',
  'p-limit',
  'string-width',
  'uqr',
  'yaml',
]
