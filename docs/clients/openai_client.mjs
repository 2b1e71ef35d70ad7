// Every method of files, batches, images, models and webhooks of OpenAI's client for JavaScript.
import assert from 'node:assert';
import { createReadStream, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { deflateSync, crc32 } from 'node:zlib';
import { check, KEY, refused, until, URL_, version } from './checks.mjs';

const require = createRequire(process.cwd() + '/'); // where the package is installed
const { OpenAI, toFile } = require('openai');
const { VERSION } = require('openai/version');
version(VERSION);
const client = new OpenAI({ baseURL: URL_ + '/v1', apiKey: KEY, maxRetries: 0, timeout: 300_000 });
const endpoint = '/v1/images/generations';
const line = (custom_id, body) =>
  JSON.stringify({ custom_id, method: 'POST', url: endpoint, body: { candidates: 1, n: 1, ...body } });
const captions = [line('heart', { prompt: 'a red heart' }), line('tree', { prompt: 'a green tree' })].join('\n');
const self = fileURLToPath(import.meta.url);

function png(width, height, alpha = () => 255) {
  const rows = Buffer.alloc(height * (1 + 4 * width));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows.set([200, 30, 30, alpha(x, y)], y * (1 + 4 * width) + 1 + 4 * x);
  const chunk = (kind, data) => {
    const part = Buffer.concat([Buffer.from(kind), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(part), 4);
    return Buffer.concat([ends.subarray(0, 4), part, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

const picture = (data) =>
  assert.equal(Buffer.from(data.b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
const fails = (status, action, fields = {}) =>
  assert.rejects(action, (error) => {
    assert.equal(error.status, status, error.message);
    assert.ok(error.requestID, 'no x-request-id');
    assert.ok(error.error?.message, 'no message');
    for (const [name, value] of Object.entries(fields)) assert.equal(error.error[name], value);
    return true;
  });
const all = async (pages) => {
  const found = [];
  for await (const one of pages) found.push(one);
  return found;
};

// ---- models
const models = (await check('models.list', async () => (await client.models.list()).data)) ?? [];
for (const model of models)
  await check(`models.retrieve ${model.id}`, async () => assert.equal((await client.models.retrieve(model.id)).id, model.id));
await check('models.retrieve: unknown', () => fails(404, () => client.models.retrieve('nope')));

// ---- files
const upload = async (content = captions, options = {}) =>
  client.files.create({ file: await toFile(Buffer.from(content), 'captions.jsonl'), purpose: 'batch', ...options });
const file = await check('files.create: toFile', () => upload());
await check('files.create: File', () =>
  client.files.create({ file: new File([captions], 'captions.jsonl'), purpose: 'batch' }));
await check('files.create: stream of a file', () =>
  client.files.create({ file: createReadStream(self), purpose: 'batch' }));
await check('files.create: an answer of fetch', async () =>
  client.files.create({ file: await toFile(new Response(captions), 'captions.jsonl'), purpose: 'batch' }));
await check('files.create: expires_after', async () => {
  const made = await upload(captions, { expires_after: { anchor: 'created_at', seconds: 3600 } });
  assert.equal(made.expires_at, made.created_at + 3600);
});
await refused('files.create: purpose assistants', 'purpose', () => upload(captions, { purpose: 'assistants' }));
await check('files.retrieve', async () => assert.deepEqual(await client.files.retrieve(file.id), file));
await check('files.retrieve: unknown', () => fails(404, () => client.files.retrieve('file-nope')));
await check('files.content', async () => assert.equal(await (await client.files.content(file.id)).text(), captions));
await check('files.content: as a stream', async () => {
  const parts = [];
  for await (const part of (await client.files.content(file.id)).body) parts.push(part);
  assert.equal(Buffer.concat(parts).toString(), captions);
});
await check('files.waitForProcessing', () => client.files.waitForProcessing(file.id));
await check('files.list: pages', async () => {
  const ids = (await all(client.files.list({ limit: 1 }))).map((one) => one.id);
  assert.ok(ids.includes(file.id));
});
await check('files.list: order', async () => {
  const up = (await all(client.files.list({ order: 'asc' }))).map((one) => one.id);
  const down = (await all(client.files.list({ order: 'desc' }))).map((one) => one.id);
  assert.deepEqual(up, down.reverse());
});
await check('files.list: order unknown', () => fails(400, () => client.files.list({ order: 'sideways' }), { param: 'order' }));
await check('files.delete', async () => {
  const made = await upload();
  assert.ok((await client.files.delete(made.id)).deleted);
  await fails(404, () => client.files.retrieve(made.id));
});

// ---- batches
const create = (id, options) =>
  client.batches.create({ input_file_id: id, endpoint, completion_window: '24h', ...options });
const ended = (batch) =>
  until(async () => {
    const now = await client.batches.retrieve(batch.id);
    return ['completed', 'failed', 'expired', 'cancelled'].includes(now.status) && now;
  }, batch.id);
const batch = await check('batches.create', () => create(file.id, { metadata: { night: 'first' } }));
const done = await check('batches.retrieve until completed', () => ended(batch));
await check('batches: output', async () => {
  assert.equal(done.status, 'completed');
  const lines = (await (await client.files.content(done.output_file_id)).text()).trim().split('\n').map(JSON.parse);
  assert.deepEqual(lines.map((one) => one.custom_id), ['heart', 'tree']);
  const answer = await fetch(lines[0].response.body.data[0].url, { headers: { authorization: `Bearer ${KEY}` } });
  assert.equal(answer.headers.get('content-type'), 'image/png');
});
await check('batches.create: output_expires_after', async () => {
  const made = await ended(await create(file.id, { output_expires_after: { anchor: 'created_at', seconds: 3600 } }));
  const output = await client.files.retrieve(made.output_file_id);
  assert.equal(output.expires_at, output.created_at + 3600);
});
await check('batches.list: pages', async () => {
  assert.ok((await all(client.batches.list({ limit: 1 }))).some((one) => one.id === batch.id));
});
await check('batches.cancel', async () => {
  const many = Array.from({ length: 200 }, (_, i) => line(`c${i}`, { prompt: 'a snowman', candidates: 64 })).join('\n');
  const made = await create((await upload(many)).id);
  await client.batches.cancel(made.id);
  assert.equal((await ended(made)).status, 'cancelled');
});
await check('batches.create: unknown file', () => fails(400, () => create('file-nope'), { param: 'input_file_id' }));
await refused('batches.create: endpoint', 'endpoint', () => create(file.id, { endpoint: '/v1/chat/completions' }));

// ---- images
const paint = (options) => client.images.generate({ prompt: 'a red heart', candidates: 1, ...options });
await check('images.generate: an address', async () => {
  const { url } = (await paint()).data[0];
  const answer = await fetch(url, { headers: { authorization: `Bearer ${KEY}` } });
  assert.equal(answer.headers.get('content-type'), 'image/png');
});
await check('images.generate: b64_json', async () => picture((await paint({ response_format: 'b64_json' })).data[0]));
await check('images.generate: its request id', async () => assert.ok((await paint())._request_id));
for (const model of ['nocturne', 'dall-e-2', 'dall-e-3', 'gpt-image-1'])
  await check(`images.generate: model ${model}`, () => paint({ model }));
for (const [name, value] of Object.entries({
  size: 'auto', quality: 'auto', background: 'auto', moderation: 'low', user: 'somebody',
  output_format: 'webp', output_compression: 100, stream: false,
})) await check(`images.generate: ${name} ${value}`, () => paint({ [name]: value, ...(name === 'output_compression' && { output_format: 'jpeg' }) }));
await refused('images.generate: size banana', 'size', () => paint({ size: 'banana' }));
await check('images.generate: no prompt', () => fails(400, () => paint({ prompt: '' }), { param: 'prompt' }));

async function streamed(pages, kind, most) {
  const seen = await all(await pages);
  assert.equal(seen.at(-1).type, `${kind}.completed`);
  assert.ok(seen.length - 1 <= most);
  for (const [index, one] of seen.entries()) {
    if (index < seen.length - 1) assert.equal(one.partial_image_index, index);
    picture(one);
  }
}
await check('images.generate: stream', () => streamed(paint({ stream: true }), 'image_generation', 0));
await check('images.generate: stream, partial_images 2', () =>
  streamed(paint({ stream: true, partial_images: 2 }), 'image_generation', 2));

const edit = async (alpha, options) =>
  client.images.edit({
    image: await toFile(png(64, 64), 'image.png', { type: 'image/png' }),
    mask: await toFile(png(64, 64, alpha), 'mask.png', { type: 'image/png' }),
    prompt: 'a red heart',
    ...options,
  });
await check('images.edit: the top rows stay', async () => assert.ok((await edit((x, y) => (y < 32 ? 255 : 0))).data[0].url));
await check('images.edit: the left columns stay', async () => assert.ok((await edit((x) => (x < 32 ? 255 : 0))).data[0].url));
await check('images.edit: stream', () =>
  streamed(edit((x, y) => (y < 32 ? 255 : 0), { stream: true, partial_images: 1 }), 'image_edit', 1));
await refused('images.edit: a hole in the middle', 'mask', () =>
  edit((x, y) => (x >= 16 && x < 48 && y >= 16 && y < 48 ? 0 : 255)));
await check('images.createVariation', async () => {
  const image = await toFile(png(64, 64), 'image.png', { type: 'image/png' });
  assert.ok((await client.images.createVariation({ image })).data[0].url);
});

// ---- webhooks: what webhook_receiver.py has received
const { NOCTURNE_WEBHOOK_SECRET: secret, NOCTURNE_WEBHOOK_EVENTS: events } = process.env;
if (secret) {
  const unwrap = ({ body, headers }) => client.webhooks.unwrap(body, headers, secret);
  const received = async () => {
    for (const event of readFileSync(events, 'utf8').trim().split('\n').map(JSON.parse)) {
      const { type, data } = await unwrap(event);
      if (type === 'batch.completed' && data.id === batch.id) return event;
    }
  };
  await check('webhooks.unwrap', () => until(received, 'event'));
  await check('webhooks.unwrap: a changed body', async () => {
    const { body, headers } = await received();
    await assert.rejects(unwrap({ body: body + ' ', headers }), OpenAI.InvalidWebhookSignatureError);
  });
}

await check('what is not here is 404 in words', () => fails(404, () => client.responses.create({ model: 'gpt-5', input: 'hello' })));
