// Trackers of private torrents know their users by a key in the announce URL: whoever has it counts
// as that user.

/** A URL as it may stand in a message, in quotes or a list, up to the end of its query. */
const URL_IN_TEXT = /\b(?:https?|udp|wss?):\/\/[^\s"'|,<>]+/gi

/** The parameters that hold keys. */
const PARAMETER = /([?&;](?:passkey|authkey|torrent_pass|pass|pid|token|secret|key)=)[^&;#\s]+/gi

/** Part of an announce path that is a key: 32 hexadecimal digits, or 20 letters and digits. */
const PART = /(?<=\/)(?:[0-9a-f]{32,}|(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{20,})(?=[/?#:]|$)/gi

/** Hides the keys of users in the URLs of trackers. */
export function hidePasskeys(text: string): string {
  // Most messages have no URL
  if (!text.includes('://')) return text
  return text.replaceAll(URL_IN_TEXT, (url) => {
    const hidden = url.replaceAll(PARAMETER, '$1***')
    return /announce|scrape/i.test(hidden) ? hidden.replaceAll(PART, '***') : hidden
  })
}

/** Whether a tracker's URL seems to hold the key of a user. */
export function hasPasskey(url: string): boolean {
  return hidePasskeys(url) !== url
}
