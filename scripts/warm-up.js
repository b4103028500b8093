// Has V8's compiled code kept beside the bundle, which is for this Node only: npm's install script
// runs it, and the build. Nothing here may fail an installation: without it, btkit takes some
// milliseconds more to start.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../dist/bundle/warm-up.cjs', import.meta.url))

// In a checkout there is no bundle before the first build
if (existsSync(script)) {
  const { status } = spawnSync(process.execPath, [script], { stdio: 'ignore', timeout: 60_000 })
  if (status !== 0) console.error('btkit: compiled code was not kept; btkit starts more slowly')
}
