// As checks.py, for Node: runs a check, prints a line of how it went.
import { readFileSync } from 'node:fs';

export const URL_ = process.env.NOCTURNE_URL;
export const KEY = process.env.NOCTURNE_API_KEY || 'none';
const PATIENCE_MILLIS = 300_000;
const page = readFileSync(new URL('../openai.md', import.meta.url), 'utf8').split('\n');

export const version = (text) => console.log(`version\t${text}`);

export async function check(name, action) {
  const began = Date.now();
  try {
    const result = await action();
    console.log(`ok\t${name}\t${((Date.now() - began) / 1000).toFixed(1)} s`);
    return result;
  } catch (error) {
    console.log(`FAIL\t${name}\t${String(error).replace(/\s+/g, ' ').slice(0, 300)}`);
  }
}

/** The request is refused with 400, names the parameter, and has the words of docs/openai.md. */
export async function refused(name, parameter, action) {
  try {
    await action();
    console.log(`FAIL\t${name}\taccepted`);
  } catch (error) {
    const { status, error: body } = error;
    const names = body?.param ? body.param === parameter : body?.message?.includes(parameter);
    const expected = status === 400 && names && isDocumented(parameter, body.message);
    console.log(expected ? `refused\t${name}` : `FAIL\t${name}\t${status} ${body?.param}: ${error.message}`);
  }
}

function isDocumented(parameter, message) {
  return page
    .filter((line) => line.startsWith('|') && line.split('|')[1].includes('`' + parameter + '`'))
    .flatMap((line) => [...line.split('|').at(-2).matchAll(/`([^`]*)`/g)].map((match) => shape(match[1])))
    .some((words) => (words.includes('…') ? shape(message).startsWith(words.split('…')[0]) : shape(message) === words));
}

/** Without what differs from request to request: what is quoted, and numbers. */
const shape = (words) => words.replace(/'[^']*'/g, "''").replace(/\d+/g, '0');

export async function until(condition, what) {
  const end = Date.now() + PATIENCE_MILLIS;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MILLIS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
