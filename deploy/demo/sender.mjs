// Sends what agents tell, as their exporters would: spans to OTLP, events to the event API, in batches, a few at a time. What
// the node refuses for now (429, 503) or cannot be reached for is sent again after the time it names; ids make that
// harmless. Anything else it refuses is a mistake of the demo, and ends it.
import { setTimeout as pause } from 'node:timers/promises';
import { traces_request } from './otlp.mjs';

const spans_per_request = 400;
const events_per_request = 800;
const requests_at_once = 3;
const again_after_ms = 1000;
const passing = new Set([408, 429, 502, 503, 504]);

export const resource = { 'service.name': 'troupe-demo', 'deployment.environment.name': 'demo', 'troupe.demo': true };

const parts = (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));

export class Sender {
  sent = { spans: 0, events: 0, accepted: 0, duplicates: 0 };

  constructor({ base, otlp, key, signal }) {
    Object.assign(this, { base, otlp, key, signal });
  }

  async post(url, body) {
    for (;;) {
      let answer;
      try {
        answer = await fetch(url, {
          method: 'POST',
          signal: this.signal,
          headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      } catch (error) {
        if (this.signal?.aborted) throw error;
        await pause(again_after_ms, undefined, { signal: this.signal });
        continue;
      }
      const text = await answer.text();
      if (answer.ok) return text === '' ? {} : JSON.parse(text);
      if (!passing.has(answer.status)) throw new Error(`POST ${url}: ${answer.status} ${text}`);
      const named_ms = Number(answer.headers.get('retry-after')) * 1000;
      await pause(named_ms > 0 ? named_ms : again_after_ms, undefined, { signal: this.signal });
    }
  }

  async send_spans(spans) {
    const answer = await this.post(`${this.otlp}/v1/traces`, traces_request(spans, resource));
    if (Number(answer.partialSuccess?.rejectedSpans ?? 0) > 0) throw new Error(`spans were rejected: ${answer.partialSuccess.errorMessage}`);
    this.sent.spans += spans.length;
  }

  async send_events(events) {
    const answer = await this.post(`${this.base}/api/v2/events`, events.map((event) => ({ ...event, attributes: { ...event.attributes, demo: true } })));
    if (answer.rejected.length > 0) throw new Error(`an event was rejected: ${JSON.stringify(answer.rejected[0])}`);
    this.sent.events += events.length;
    this.sent.accepted += answer.accepted;
    this.sent.duplicates += answer.duplicates;
  }

  /** Says who the agents are, before they do anything. */
  async introduce(agents) {
    for (const { id, team, role, tools } of agents) {
      const name = id[0].toUpperCase() + id.slice(1).replaceAll('-', ' ');
      await this.post(`${this.base}/api/v2/agents`, { id, name, team, capabilities: tools, tags: ['demo'], metadata: { role } });
    }
  }

  /** All of it is durable when this resolves. */
  async send({ spans, events }) {
    const jobs = [
      ...parts(spans, spans_per_request).map((part) => () => this.send_spans(part)),
      ...parts(events, events_per_request).map((part) => () => this.send_events(part)),
    ];
    const worker = async () => {
      for (let job = jobs.shift(); job; job = jobs.shift()) await job();
    };
    await Promise.all(Array.from({ length: requests_at_once }, worker));
  }
}
