import { boundHeapGrowth } from '../../../base/heap-growth.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import { requireNames } from '../../line/operands.js'
import { shareRequest } from '../../open/share.js'
import { BoundedOutput } from '../../output/bounded-output.js'
import { declareServeOptions } from './options.js'

const EXAMPLES = `
Addresses:
  /-/status                   the work of the service (JSON: /-/status.json)
  /-/metrics                  metrics for Prometheus
  /-/health, /-/ready         whether it works

Examples:
  btkit serve /srv/mirror --tracker http://tracker.example/announce
  btkit serve /srv/mirror --host :: --track
  btkit serve /srv/mirror --track http://mirror.example:6969/announce \\
      --allowed-dir /srv/torrents --admin-users /var/lib/btkit-serve/users`

export const command: CommandRecord = {
  group: 'Serve and seed',
  order: 10,
  summary: 'Serve a directory over HTTP; create torrents on request',
  example: '/srv/mirror --tracker http://tracker.example/announce',
  isService: true,
  basics:
    'port host public-url trust-proxy tls-cert tls-key tracker trackers trackerless torrents track allowed-dir seed warm admin-users log-file',
  define: defineServe,
}

function defineServe({ io, typed, finish, reloadConfiguration, configFile }: CommandContext) {
  return declareServeOptions()
    .description('Serve a mirror over HTTP and make the torrents of its files on demand.')
    .argument('<root>', "the mirror's root directory")
    .addHelpText('after', EXAMPLES)
    .action(async (root, options) => {
      requireNames([root], 'directory')
      boundHeapGrowth()
      const stderr = new BoundedOutput(io.stderr)
      const share = shareRequest(options, typed(), io)
      // The service is not loaded for help and completion
      const { serve } = await import('./run-serve.js')
      await serve(
        root,
        { ...options, shareWith: share },
        { ...io, stderr, reloadConfiguration, configFile },
      )
      finish(0)
    })
}
