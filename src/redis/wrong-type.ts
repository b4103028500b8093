import type { RedisClient } from './client.js'

/**
 * Returns the answer to a command about a key. If the key holds another type than the command
 * expects, removes the key and returns null.
 */
export async function answerOrRemove<T>(
  client: Pick<RedisClient, 'del'>,
  key: string,
  answer: Promise<T>,
): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof Error && /^(ERR .*)?WRONGTYPE/.test(error.message))) throw error
    // A read-only server keeps it
    await client.del(key).catch(() => 0)
    return null
  }
}
