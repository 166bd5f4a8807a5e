import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** Room for an object's description in front of its bytes; the rest is blanks. */
const DESCRIPTION_BYTES = 512;

/**
 * Puts one read of an object where the nginx of {@link nginxConfig} finds it, in the form that workerd's own R2
 * binding expects: the object's description, then the bytes. The whole object, or the run of bytes at `offset`.
 */
export async function putObject(
  folder: string,
  key: string,
  bytes: Uint8Array,
  offset?: number,
): Promise<void> {
  const range = offset === undefined ? 'whole' : `${offset}-${bytes.byteLength}`;
  const file = join(folder, 'r2', key, range);
  const etag = createHash('md5').update(bytes).digest('hex');
  const description = JSON.stringify({
    name: key,
    version: etag,
    size: String((offset ?? 0) + bytes.byteLength),
    etag,
    uploaded: '0',
    httpFields: {},
    customFields: [],
    checksums: {},
    ...(offset !== undefined && {
      range: { offset: String(offset), length: String(bytes.byteLength) },
    }),
  });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat([Buffer.from(description.padEnd(DESCRIPTION_BYTES)), bytes]));
}

export interface NginxPorts {
  /** Objects for workerd's R2 binding. */
  readonly store: number;
  /** Guarded by secure_link: `signed/` from the disk, and `fetched/`, the same files over HTTP. */
  readonly signed: number;
  /** The same files unguarded, for `fetched/`. */
  readonly files: number;
}

/**
 * One nginx worker with several faces: an object store that speaks R2's wire protocol (reads only, prepared by
 * {@link putObject}), and the peers: a file behind secure_link from its own disk, or from a store over HTTP.
 */
export function nginxConfig(folder: string, ports: NginxPorts, secret: string): string {
  return `
user ${userInfo().username};
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  types { video/mp4 m4s; application/vnd.apple.mpegurl m3u8; application/dash+xml mpd; }
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/tmp;`).join('\n  ')}
  map $http_cf_r2_request $r2_object { "~\\"object\\":\\"(?<object>[^\\"]+)\\"" $object; }
  map $http_cf_r2_request $r2_range {
    default whole;
    "~\\"range\\":.\\"offset\\":\\"?(?<offset>[0-9]+)\\"?,\\"length\\":\\"?(?<length>[0-9]+)" $offset-$length;
  }
  server {
    listen 127.0.0.1:${ports.store};
    root ${folder};
    location / {
      rewrite ^ /r2/$r2_object/$r2_range break;
      add_header cf-r2-metadata-size ${DESCRIPTION_BYTES};
      error_page 404 = @missing;
    }
    location @missing {
      add_header cf-r2-error '{"version":1,"v4code":10007,"message":"The specified key does not exist."}' always;
      return 404;
    }
  }
  server {
    listen 127.0.0.1:${ports.signed};
    root ${folder};
    secure_link $arg_md5,$arg_expires;
    secure_link_md5 "$secure_link_expires$uri ${secret}";
    location /signed/ {
      if ($secure_link = "") { return 403; }
      if ($secure_link = "0") { return 410; }
    }
    location /fetched/ {
      if ($secure_link = "") { return 403; }
      if ($secure_link = "0") { return 410; }
      proxy_pass http://files/signed/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffers 16 32k;
      proxy_max_temp_file_size 0;
    }
  }
  upstream files { server 127.0.0.1:${ports.files}; keepalive 32; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${ports.files};
    root ${folder};
  }
}
`;
}

/** The address of a guarded file, valid for an hour. */
export function signedPath(path: string, secret: string, nowSeconds: number): string {
  const expires = nowSeconds + 3600;
  const md5 = createHash('md5').update(`${expires}${path} ${secret}`).digest('base64url');
  return `${path}?md5=${md5}&expires=${expires}`;
}
