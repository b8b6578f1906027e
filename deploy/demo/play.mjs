// The demo: an invented company's agents, told to a node as their exporters would tell it, in an organisation of its own.
//
//   node deploy/demo/play.mjs --data-dir FOLDER --troupectl PROGRAM     finds the node on this machine and makes keys
//   node deploy/demo/play.mjs --base URL --otlp URL --key KEY           any node, with an ingest key
//
// It ends with the process that started it (./dev run --demo makes that the node), or on SIGINT and SIGTERM.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { agents } from './fleet.mjs';
import { Player } from './player.mjs';
import { Sender } from './sender.mjs';

const step_ms = 10 * 60_000;
const organisation = 'demo';

const options = {
  'data-dir': { type: 'string' },
  troupectl: { type: 'string' },
  base: { type: 'string' },
  otlp: { type: 'string' },
  key: { type: 'string' },
  seed: { type: 'string', default: 'demo' },
  rate: { type: 'string', default: '2' }, // spans and events per second, on average over a day
  'backfill-hours': { type: 'string', default: '24' },
  until: { type: 'string' }, // RFC 3339: ends there instead of going on; the backfill is reckoned from it
  help: { type: 'boolean' },
};

function usage() {
  console.log(`play.mjs ${Object.entries(options).map(([name, o]) => `[--${name}${o.default ? ` ${o.default}` : ''}]`).join(' ')}`);
}

/** Runs troupectl on the node of the data directory, and gives what it answers. */
const ctl = async ({ troupectl, 'data-dir': data_dir }, ...words) =>
  JSON.parse((await promisify(execFile)(troupectl, ['--data-dir', data_dir, '-o', 'json', ...words])).stdout);

async function running_node(given, signal) {
  for (;;) {
    signal.throwIfAborted();
    const status = await ctl(given, 'status').catch(() => null);
    if (status?.ready) return status;
    await pause(200, undefined, { signal });
  }
}

/** The demo's keys are made once and kept beside the data, readable by its owner only. */
async function keys_of(given, base) {
  const file = join(given['data-dir'], 'demo-keys.json');
  if (existsSync(file)) {
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    const known = await fetch(`${base}/api/v2/whoami`, { headers: { authorization: `Bearer ${kept.read}` } });
    if (known.ok) return kept;
  }
  const make = async (role) => (await ctl(given, 'keys', 'create', `demo ${role}`, '--role', role, '--org', organisation)).key;
  const made = { ingest: await make('ingest'), read: await make('read') };
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  return made;
}

/** An address to be reached at, from one that is listened on. */
const url_of = (listen) => `http://${listen.replace(/^(0\.0\.0\.0|\[::\])/, '127.0.0.1')}`;

async function find_node(given, signal) {
  if (given.base) return { base: given.base, otlp: given.otlp ?? given.base, key: given.key };
  const status = await running_node(given, signal);
  const base = url_of(status.http_listen);
  const keys = await keys_of(given, base);
  return { base, otlp: status.otlp_listen === 'off' ? base : url_of(status.otlp_listen), key: keys.ingest, read: keys.read };
}

function ends_with_parent(controller) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && controller.abort(), 500).unref();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => controller.abort());
}

/** The page's address and the key to see the demo with; after what the node itself prints. */
function tell(node, sent) {
  console.log(`\n  The demo plays ${agents.length} agents, invented and marked as such, in the organisation "${organisation}":`);
  console.log(`  ${sent.spans + sent.events} spans and events of the past are in. Sign in at ${node.base.replace('127.0.0.1', 'localhost')} with its key:\n`);
  console.log(`      ${node.read ?? '(a read key of the organisation)'}\n`);
}

export async function play(given, signal) {
  const node = await find_node(given, signal);
  const sender = new Sender({ ...node, signal });
  await sender.introduce(agents);
  const fixed_end = given.until === undefined ? undefined : Date.parse(given.until);
  const from = (fixed_end ?? Date.now()) - Number(given['backfill-hours']) * 3_600_000;
  const player = new Player(from, { seed: given.seed, rate: Number(given.rate), offset_minutes: new Date(from).getTimezoneOffset() });
  for (let at = from; at < (fixed_end ?? Date.now()); ) {
    at = Math.min(at + step_ms, fixed_end ?? Date.now());
    await sender.send(player.advance_to(at));
  }
  if (fixed_end !== undefined) return sender.sent;
  tell(node, sender.sent);
  for (;;) {
    await pause(1000, undefined, { signal });
    await sender.send(player.advance_to(Date.now()));
  }
}

const given = parseArgs({ options }).values;
if (given.help || !(given.base && given.key) === !(given['data-dir'] && given.troupectl)) {
  usage();
  process.exitCode = given.help ? 0 : 2;
} else {
  const controller = new AbortController();
  ends_with_parent(controller);
  try {
    console.log(JSON.stringify(await play(given, controller.signal)));
  } catch (error) {
    if (!controller.signal.aborted) {
      console.error(`the demo ends: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
