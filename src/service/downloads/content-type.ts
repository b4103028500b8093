import mime from 'mime'

/** The media type of a file by the extension of its name, which follows a dot. */
export function contentTypeOf(name: string): string {
  // Of a name without a slash, mime takes the whole for an extension where there is no dot
  return mime.getType(`/${name}`) ?? 'application/octet-stream'
}
