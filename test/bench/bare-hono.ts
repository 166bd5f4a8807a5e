import { Hono } from 'hono';

interface BareEnv {
  readonly DB: D1Database;
  readonly MEDIA: R2Bucket;
  readonly SEGMENT_KEY: string;
  readonly SEGMENT_OFFSET: string;
  readonly SEGMENT_LENGTH: string;
}

/** What Hono and the platform cost: one row of D1 as JSON, one range of an R2 object. It checks nothing. */
const app = new Hono<{ Bindings: BareEnv }>();

app.get('/accounts/:account/videos/:uid', async (c) => {
  const { account, uid } = c.req.param();
  const row = await c.env.DB.prepare('SELECT * FROM videos WHERE account_id = ? AND uid = ?')
    .bind(account, uid)
    .first();
  return row === null ? c.notFound() : c.json(row);
});

app.get('/segment', async (c) => {
  const { MEDIA, SEGMENT_KEY, SEGMENT_OFFSET, SEGMENT_LENGTH } = c.env;
  const range = { offset: Number(SEGMENT_OFFSET), length: Number(SEGMENT_LENGTH) };
  const object = await MEDIA.get(SEGMENT_KEY, { range });
  if (object === null) return c.notFound();
  return c.body(object.body, 200, { 'content-length': SEGMENT_LENGTH });
});

// oxlint-disable-next-line import/no-default-export -- the entry of a Worker
export default app;
