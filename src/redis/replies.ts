import { ReplyLimit } from './reply-limit.js'

/** The part of the package that hands replies to commands, one for each connection. */
interface ReplyHandler {
  readonly redis: Connection
  dispatch: (handle: () => void) => void
  shiftCommand: () => object
  returnFatalError: (error: Error) => void
}

interface Connection {
  readonly commandQueue: { shift: () => object | undefined }
  readonly stream: NodeJS.ReadableStream & { readonly destroy: () => void }
  readonly recoverFromFatalError: (of: Error, error: Error, options: object) => void
}

type HandlerClass = new (redis: Connection, options: object) => ReplyHandler

let guarding: Promise<void> | null = null

/**
 * Makes a reply that makes no sense, or is too large, end its connection. The package would throw
 * where nobody can catch it, hand later commands the replies of others, or run out of memory.
 */
export function guardReplies(): Promise<void> {
  return (guarding ??= guard())
}

async function guard(): Promise<void> {
  const { default: module } = await import('ioredis/built/DataHandler.js')
  const slot = module as unknown as { default: HandlerClass }
  slot.default = guarded(slot.default)
}

function guarded(Handler: HandlerClass): HandlerClass {
  return class extends Handler {
    readonly #limit = new ReplyLimit()

    constructor(redis: Connection, options: object) {
      super(redis, options)
      const { stream } = redis
      const [read] = stream.listeners('data') as ((chunk: Buffer) => void)[]
      if (!read) throw new Error('the Redis package reads replies in another way')
      stream.removeListener('data', read)
      stream.prependListener('data', (chunk: Buffer) => {
        try {
          this.#limit.follow(chunk)
        } catch (error) {
          this.returnFatalError(error as Error)
          return
        }
        read(chunk)
      })
    }

    override dispatch = (handle: () => void) => {
      this.#limit.reset()
      // Errors thrown here reach the reader of the connection, which closes it
      handle()
    }

    override shiftCommand = () => {
      const command = this.redis.commandQueue.shift()
      if (command) return command
      throw new Error('the server sent a reply without a command')
    }

    /** Without the package's request to report the fault. */
    override returnFatalError = (error: Error) => {
      const { redis } = this
      redis.recoverFromFatalError(error, error, { offlineQueue: false })
      // A server that goes on sending would be listened to
      redis.stream.removeAllListeners('data')
      redis.stream.destroy()
    }
  }
}
