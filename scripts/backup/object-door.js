// Run by wrangler for `npm run backup` and `npm run restore`, on this machine only: the bucket, local or the account's,
// as plain HTTP. Bodies are streamed.
export default {
  async fetch(request, { MEDIA }) {
    const { pathname, searchParams } = new URL(request.url);
    const key = searchParams.get('key') ?? '';
    if (pathname === '/list') return listObjects(MEDIA, searchParams.get('cursor') ?? undefined);
    if (request.method === 'PUT') return storeObject(MEDIA, key, request);
    const object = await MEDIA.get(key);
    if (object === null) return new Response(null, { status: 404 });
    return new Response(object.body, { headers: { 'content-length': String(object.size) } });
  },
};

async function listObjects(bucket, cursor) {
  const page = await bucket.list({ cursor, include: ['httpMetadata', 'customMetadata'] });
  const objects = page.objects.map(({ key, size, etag, httpMetadata, customMetadata }) => {
    return { key, sizeBytes: size, etag, contentType: httpMetadata?.contentType, customMetadata };
  });
  return Response.json({ objects, cursor: page.truncated ? page.cursor : undefined });
}

async function storeObject(bucket, key, request) {
  const contentType = request.headers.get('x-content-type') ?? undefined;
  const customMetadata = JSON.parse(request.headers.get('x-custom-metadata') ?? '{}');
  const sha256 = request.headers.get('x-content-sha256') ?? undefined;
  await bucket.put(key, request.body, { httpMetadata: { contentType }, customMetadata, sha256 });
  return new Response(null, { status: 204 });
}
