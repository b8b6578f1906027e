// One run of an agent, from the question to the answer, as the things that it tells: spans for OpenTelemetry, and events for
// what OpenTelemetry has no word for (which memory tiers were asked, hypotheses, who works with whom).
//
// Invariants: everything follows from the random numbers and the start; a span's usage is told by the model call itself,
// and repeated, summed up, by the spans around it, as real instrumentations do; ids are the same whenever a run is
// played again, so that a node knows it already.
import { hypotheses, knowledge, missing, models, outage_tool, questions, tool_failures, users } from './fleet.mjs';

const depth_max = 3;
const nothing = { input: 0, output: 0, cache_read: 0, cache_write: 0, reasoning: 0 };
const sum_of = (all) => all.reduce((sum, one) => Object.fromEntries(Object.keys(sum).map((kind) => [kind, sum[kind] + one[kind]])), nothing);

/** Usage as attributes of OpenTelemetry's GenAI conventions; input includes the cache, output the reasoning. */
const usage_attributes = (tokens) => ({
  'gen_ai.usage.input_tokens': tokens.input,
  'gen_ai.usage.output_tokens': tokens.output,
  ...(tokens.cache_read ? { 'gen_ai.usage.cache_read.input_tokens': tokens.cache_read } : {}),
  ...(tokens.cache_write ? { 'gen_ai.usage.cache_creation.input_tokens': tokens.cache_write } : {}),
  ...(tokens.reasoning ? { 'gen_ai.usage.reasoning.output_tokens': tokens.reasoning } : {}),
});

class Run {
  constructor(random, fleet, outage) {
    this.random = random;
    this.fleet = fleet;
    this.outage = outage;
    this.trace_id = random.hex(32);
    this.session_id = `session-${random.hex(8)}`;
    this.user_id = random.popular(users);
    this.spans = [];
    this.events = [];
  }

  common(agent) {
    return {
      'gen_ai.agent.id': agent.id,
      'gen_ai.conversation.id': this.session_id,
      'user.id': this.user_id,
      'troupe.team': agent.team,
    };
  }

  span(agent, name, parent, start, end, attributes, error) {
    this.spans.push({
      trace_id: this.trace_id, span_id: attributes.span_id, parent, name, start, end, error,
      attributes: { ...this.common(agent), ...attributes, span_id: undefined },
    });
  }

  event(agent, type, time, fields) {
    this.events.push({
      id: this.random.uuid(time), type, time: Math.round(time), agent_id: agent.id, team: agent.team,
      session_id: this.session_id, user_id: this.user_id, trace_id: this.trace_id, ...fields,
    });
  }

  /** A model call: {end, tokens}. Now and then the provider refuses, and it is called again. */
  call_model(agent, parent, start) {
    const { random } = this;
    const { model, provider, cached, per_second, reasoning = 0 } = models[random.popular(agent.models)];
    const common = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': provider, 'gen_ai.request.model': model };
    if (random.chance(0.012)) {
      const end = start + random.between(200, 900);
      this.span(agent, `chat ${model}`, parent, start, end, { ...common, span_id: random.hex(16), 'error.type': '429' }, 'rate limit of the provider');
      start = end + random.between(500, 2000);
    }
    const output = Math.round(random.skewed(420, 0.8));
    const thought = random.chance(reasoning) ? Math.round(output * random.between(0.3, 1.5)) : 0;
    const prompt = Math.round(random.skewed(3200, 0.7));
    const cache_read = random.chance(cached + 0.25) ? Math.round(prompt * random.between(cached * 0.5, cached + 0.25)) : 0;
    const cache_write = provider === 'anthropic' && cache_read === 0 ? Math.round(prompt * 0.4) : 0;
    const tokens = { input: prompt, output: output + thought, cache_read, cache_write, reasoning: thought };
    const end = start + random.between(250, 900) + ((output + thought) / per_second) * 1000;
    this.span(agent, `chat ${model}`, parent, start, end, {
      ...common, span_id: random.hex(16), 'gen_ai.response.model': model, 'gen_ai.response.finish_reasons': 'stop', ...usage_attributes(tokens),
    });
    return { end, tokens };
  }

  /** Fast tiers first; what one does not have, the next is asked for. */
  ask_memory(agent, parent, start, query) {
    const { random } = this;
    const tiers = [
      ['redis_immediate', 0.52, random.skewed(3.5, 0.4)],
      ['postgresql_structured', 0.66, random.skewed(22, 0.45)],
      ['chromadb_semantic', 0.82, random.skewed(130, 0.4)],
    ];
    const latency_by_tier_ms = {};
    let end = start;
    let served;
    for (const [tier, share, latency] of tiers) {
      latency_by_tier_ms[tier] = Number(latency.toFixed(2));
      end += latency;
      if (random.chance(share)) {
        served = tier;
        break;
      }
    }
    this.event(agent, 'memory.access', end, {
      status: 'ok', duration_ms: Number((end - start).toFixed(2)), parent_span_id: parent, query,
      ...(served ? { tier: served } : {}), latency_by_tier_ms, items_retrieved: served ? random.whole(1, 8) : 0,
      ...('chromadb_semantic' in latency_by_tier_ms ? { cost_usd: 0.00002 } : {}),
    });
    return end;
  }

  /** A look into the knowledge base; some questions have no answer there. */
  ask_knowledge(agent, parent, start) {
    const { random } = this;
    const end = start + random.skewed(70, 0.5);
    const lacking = random.chance(0.14);
    const item = random.popular(knowledge[agent.team]);
    this.span(agent, 'retrieval knowledge base', parent, start, end, {
      'gen_ai.operation.name': 'retrieval', span_id: random.hex(16),
      'gen_ai.retrieval.query.text': lacking ? random.popular(missing[agent.team]) : item.split('/')[1].replaceAll('-', ' '),
      'gen_ai.memory.record.count': lacking ? 0 : random.whole(1, 6),
      ...(lacking ? {} : { 'gen_ai.data_source.id': item }),
    });
    return end;
  }

  use_tool(agent, parent, start) {
    const { random } = this;
    const tool = random.popular(agent.tools);
    const failing = this.outage && tool === outage_tool ? 0.7 : (tool_failures[tool] ?? 0.02);
    const failed = random.chance(failing);
    const end = start + (failed && this.outage ? random.between(4000, 9000) : random.skewed(tool.includes('run') ? 3500 : 320, 0.7));
    this.span(agent, `execute_tool ${tool}`, parent, start, end, {
      'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool, 'gen_ai.tool.call.id': `call_${random.hex(10)}`,
      span_id: random.hex(16), ...(failed ? { 'error.type': this.outage ? 'timeout' : 'tool_error' } : {}),
    }, failed ? (this.outage ? `${tool} did not answer in time` : `${tool} refused the arguments`) : undefined);
    return { end, failed };
  }

  /** Another agent takes a part; that it did is an event of its own. */
  hand_over(agent, parent, start, depth) {
    const { random } = this;
    const name = random.popular(agent.peers);
    const peer = this.fleet.find((one) => one.id === name);
    const { end, tokens, failed } = this.invoke(peer, parent, start + random.between(20, 120), depth + 1);
    this.event(agent, 'collaboration', end, {
      peer_agent_id: peer.id, status: failed ? 'error' : 'ok', duration_ms: Math.round(end - start), parent_span_id: parent,
      ...(failed ? { error: `${peer.id} gave it back` } : {}),
    });
    return { end, tokens };
  }

  /** Formed now, judged hours later. */
  form_hypothesis(agent, time) {
    const { random } = this;
    const hypothesis = random.popular(hypotheses);
    const hypothesis_id = `h-${random.hex(10)}`;
    const fields = { status: 'ok', query: hypothesis, knowledge_id: hypothesis_id };
    this.event(agent, 'hypothesis.formed', time, fields);
    const judged = time + random.skewed(3 * 3_600_000, 0.7);
    if (random.chance(0.85)) this.event(agent, random.chance(0.58) ? 'hypothesis.validated' : 'hypothesis.rejected', judged, fields);
  }

  /** The agent's part of the run: {end, tokens, failed}. */
  invoke(agent, parent, start, depth) {
    const { random } = this;
    const span_id = random.hex(16);
    const question = random.popular(questions[agent.team]);
    const used = [];
    let broken = 0;
    let now = this.ask_memory(agent, span_id, start + random.between(5, 40), question);
    if (random.chance(0.6)) now = this.ask_knowledge(agent, span_id, now);
    for (let step = random.whole(1, 4); step > 0; step -= 1) {
      const call = this.call_model(agent, span_id, now + random.between(5, 60));
      used.push(call.tokens);
      now = call.end;
      if (step === 1) break;
      const tool = this.use_tool(agent, span_id, now);
      broken += tool.failed ? 1 : 0;
      now = tool.end;
      if (depth < depth_max && agent.peers.length > 0 && random.chance(0.22)) {
        const part = this.hand_over(agent, span_id, now, depth);
        used.push(part.tokens);
        now = part.end;
      }
    }
    if (random.chance(0.05)) this.form_hypothesis(agent, now);
    const failed = random.chance(0.025 * agent.fallible) || (broken > 1 && random.chance(0.6));
    const tokens = sum_of(used);
    now += random.between(5, 30);
    this.span(agent, `invoke_agent ${agent.id}`, parent, start, now, {
      'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': agent.id, 'input.question': question, span_id,
      ...usage_attributes(tokens), ...(failed ? { 'error.type': broken > 1 ? 'tool_error' : 'no_answer' } : {}),
    }, failed ? (broken > 1 ? 'its tools failed' : 'it found no answer it would stand for') : undefined);
    return { end: now, tokens, failed };
  }
}

/** {spans, events} of one run that starts then. `outage`: whether a tool is down at that time. */
export function play_run(random, fleet, start_ms, { outage = false } = {}) {
  const run = new Run(random, fleet, outage);
  const busy = fleet.flatMap((agent) => Array(Math.round(agent.busy * 5)).fill(agent));
  run.invoke(random.pick(busy), undefined, start_ms, 1);
  return { spans: run.spans, events: run.events };
}
