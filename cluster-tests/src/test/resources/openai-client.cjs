// What a user of OpenAI's client does; only the base URL is ours. Arguments: the URL, and the port and the secret of webhooks.
const assert = require('node:assert');
const http = require('node:http');
const zlib = require('node:zlib');
const OpenAI = require('openai');

const [url, port, webhookSecret] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url + '/v1', apiKey: 'none', webhookSecret });
const DONE = ['completed', 'failed', 'expired', 'cancelled'];
const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

const events = [];
const receiver = http
  .createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    try {
      events.push(await client.webhooks.unwrap(Buffer.concat(parts).toString(), request.headers));
      response.writeHead(204);
    } catch (error) {
      console.error(error);
      response.writeHead(400);
    }
    response.end();
  })
  .listen(Number(port), 'localhost');

async function awaitEvent(type, batch) {
  while (!events.some((event) => event.type === type && event.data.id === batch.id)) await pause();
}

async function upload(requests) {
  const jsonl = requests.map((request) => JSON.stringify(request)).join('\n');
  const file = await OpenAI.toFile(Buffer.from(jsonl), 'captions.jsonl');
  return client.files.create({ file, purpose: 'batch' });
}

function create(file) {
  return client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/images/generations',
    completion_window: '24h',
    metadata: { night: 'first' },
  });
}

async function awaitStatus(batch, statuses) {
  while (!statuses.includes(batch.status)) {
    await pause();
    batch = await client.batches.retrieve(batch.id);
    const { total, completed, failed, cancelled, expired, in_flight } = batch.request_counts;
    assert.equal(completed + failed + cancelled + expired + in_flight, total);
  }
  return batch;
}

async function lines(fileId) {
  if (!fileId) return [];
  const text = await (await client.files.content(fileId)).text();
  return text.trim().split('\n').map((line) => JSON.parse(line));
}

function request(customId, body) {
  const model = 'dall-e-2';
  return { custom_id: customId, method: 'POST', url: '/v1/images/generations', body: { model, ...body } };
}

async function aBatch() {
  const file = await upload([
    request('heart', { prompt: 'a red heart', n: 2, size: 'auto', quality: 'standard', user: 'me', candidates: 4 }),
    request('apple', { prompt: 'a green apple', candidates: 4, seed: 7, response_format: 'b64_json' }),
  ]);
  assert.equal((await client.files.retrieve(file.id)).filename, 'captions.jsonl');
  const batch = await awaitStatus(await create(file), DONE);
  assert.equal(batch.status, 'completed');
  assert.deepEqual(batch.metadata, { night: 'first' });
  assert.equal(batch.error_file_id, null);
  const output = await lines(batch.output_file_id);
  assert.deepEqual(output.map((line) => line.custom_id).sort(), ['apple', 'heart']);
  const heart = output.find((line) => line.custom_id === 'heart').response;
  assert.equal(heart.status_code, 200);
  assert.deepEqual(heart.body.data.map((picture) => picture.rank), [1, 2]);
  assert.ok(heart.body.data[0].score >= heart.body.data[1].score);
  const picture = await fetch(heart.body.data[0].url);
  assert.equal(picture.headers.get('content-type'), 'image/png');
  const apple = output.find((line) => line.custom_id === 'apple').response.body.data[0];
  assert.equal(apple.url, undefined);
  assert.equal(Buffer.from(apple.b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
  return batch;
}

async function aCancelledBatch() {
  const requests = Array.from({ length: 500 }, (_, i) =>
    request('request-' + i, { prompt: 'a snowman', candidates: 64 }),
  );
  let batch = await awaitStatus(await create(await upload(requests)), ['in_progress']);
  batch = await client.batches.cancel(batch.id);
  assert.equal(batch.status, 'cancelling');
  batch = await awaitStatus(batch, DONE);
  assert.equal(batch.status, 'cancelled');
  assert.ok(batch.request_counts.cancelled > 0);
  assert.equal(batch.request_counts.in_flight, 0);
  const all = [...(await lines(batch.output_file_id)), ...(await lines(batch.error_file_id))];
  assert.deepEqual(
    all.map((line) => line.custom_id).sort(),
    requests.map((one) => one.custom_id).sort(),
  );
  return batch;
}

async function aPicture() {
  const answer = await client.images.generate({
    prompt: 'a green apple',
    response_format: 'b64_json',
    candidates: 4,
  });
  const png = Buffer.from(answer.data[0].b64_json, 'base64');
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
}

/** A PNG of one colour, transparent below its upper half. */
function halfMask(side) {
  const line = (alpha) => Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 4, Buffer.from([200, 30, 30, alpha]))]);
  const rows = Array.from({ length: side }, (_, y) => line(y < side / 2 ? 255 : 0));
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(zlib.crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

async function fromAPicture() {
  const png = () => OpenAI.toFile(halfMask(64), 'picture.png', { type: 'image/png' });
  const model = 'gpt-image-1';
  const edited = await client.images.edit({ image: await png(), mask: await png(), prompt: 'an apple', model, n: 2 });
  assert.equal(edited.data.length, 2);
  assert.equal(Buffer.from(edited.data[0].b64_json, 'base64').subarray(1, 4).toString(), 'PNG');
  await client.images.edit({ image: [await png()], prompt: 'an apple' });
  const varied = await client.images.createVariation({ image: await png(), n: 3 });
  assert.deepEqual(varied.data.map((picture) => picture.rank), [1, 2, 3]);
  const words = { status: 400, message: /no transparent pixel/ };
  const opaque = await OpenAI.toFile(Buffer.from(edited.data[0].b64_json, 'base64'), 'o.png');
  await assert.rejects(client.images.edit({ image: opaque, prompt: 'an apple' }), words);
  await assert.rejects(client.images.generate({ prompt: 'an apple', size: '1024x1024' }), { status: 400, param: 'size' });
}

async function lists() {
  const first = await upload([{ prompt: 'one' }]);
  const file = await OpenAI.toFile(Buffer.from('{"prompt":"two"}'), 'two.jsonl');
  const expires_after = { anchor: 'created_at', seconds: 3600 };
  const second = await client.files.create({ file, purpose: 'batch', expires_after });
  assert.equal(second.expires_at, second.created_at + 3600);
  const ids = [];
  for await (const one of client.files.list({ order: 'asc', limit: 1 })) ids.push(one.id);
  assert.deepEqual(ids.slice(-2), [first.id, second.id]);
  await assert.rejects(client.files.list({ order: 'sideways' }), { status: 400, param: 'order' });
  assert.equal((await client.files.delete(first.id)).deleted, true);
  await assert.rejects(client.models.delete('nocturne'), { status: 403 });
}

async function badFiles() {
  const failed = await awaitStatus(await create(await upload([{ custom_id: 'a' }])), DONE);
  assert.equal(failed.status, 'failed');
  const { line, param, code } = failed.errors.data[0];
  assert.deepEqual({ line, param, code }, { line: 1, param: 'prompt', code: 'invalid_caption' });
  await assert.rejects(create({ id: 'file-nope' }), { status: 400, param: 'input_file_id' });
  await assert.rejects(client.batches.retrieve('batch_nope'), { status: 404 });
  return failed;
}

(async () => {
  const first = await aBatch();
  const second = await aCancelledBatch();
  await aPicture();
  await fromAPicture();
  await lists();
  const failed = await badFiles();
  await awaitEvent('batch.completed', first);
  await awaitEvent('batch.cancelled', second);
  await awaitEvent('batch.failed', failed);
  receiver.close();
  receiver.closeAllConnections();
  const listed = [];
  for await (const batch of client.batches.list({ limit: 1 })) listed.push(batch.id);
  assert.deepEqual(listed.slice(-2), [second.id, first.id]);
  assert.ok((await client.models.list()).data.some((model) => model.id === 'nocturne'));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
