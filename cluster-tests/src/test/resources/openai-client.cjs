// What a user of OpenAI's client does; only the base URL is ours. Arguments: the URL, and the port and the secret of webhooks.
const assert = require('node:assert');
const http = require('node:http');
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
    request('heart', { prompt: 'a red heart', n: 2, size: '256x256', candidates: 4 }),
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
