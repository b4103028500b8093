// ws looks for two packages that it is faster with, in `node_modules` of all directories above the
// program, too: where another user may write, they could be anything. A bundle without them is
// loaded at the first use.
import { build } from 'esbuild'

/** Makes a bundle load ws from its own one. */
export const wsApart = {
  name: 'ws apart',
  setup({ onResolve }) {
    onResolve({ filter: /^ws$/ }, () => ({ path: './ws.cjs', external: true }))
  },
}

/** Builds the bundle of ws; returns its metafile. */
export async function buildWs(options) {
  const contents = `export { WebSocket, WebSocketServer } from 'ws'`
  const stdin = { contents, resolveDir: process.cwd(), sourcefile: 'ws.cjs' }
  const define = {
    ...options.define,
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  }
  const outfile = `${options.outdir}/ws.cjs`
  const { metafile } = await build({ ...options, outdir: undefined, outfile, stdin, define })
  return metafile
}
