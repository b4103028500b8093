/** The version of the records' format. What a newer btkit wrote is left alone. */
export const FORMAT = 1
export const FORMAT_KEY = Buffer.from('m/format')
