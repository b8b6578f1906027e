// Events of a small fleet that give every insight answer something to show, and each kind of advice a reason.

/** Events of the last two hours before `now_ms`. */
export function documented_fleet(now_ms) {
  const event = (i, agent_id, type, fields) => ({ type, time: now_ms - 7_200_000 + i * 1000, agent_id, ...fields });
  const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
  const call = (count, agent, model, input, output, fields = () => ({})) =>
    times(count, (i) => event(i, agent, 'llm.call', { model, provider: 'openai', tokens: { input, output }, ...fields(i) }));
  const access = (i, knowledge_id, tier, ms) =>
    event(i, 'reader', 'knowledge.access', { knowledge_id, tier, latency_by_tier_ms: { [tier]: ms }, session_id: `s-${i}` });
  const search = (i, query, items_retrieved) =>
    event(i, 'asker', 'memory.access', { query, items_retrieved, duration_ms: 40, tier: 'redis', latency_by_tier_ms: { redis: 2 }, user_id: 'u' });
  const done = (i, agent, team, cost_usd, status = 'ok') =>
    event(i, agent, 'execution.completed', { team, duration_ms: 20_000, cost_usd, status });
  const trace = (i) => `${i}`.padStart(32, '0');
  return [
    // tokens: uncached prompts, short calls to a dear model, failing calls; the first spends most
    ...call(60, 'wordy', 'gpt-4o', 20_000, 500, () => ({ session_id: 'wordy', tool: 'search' })),
    ...call(25, 'terse', 'gpt-4o', 500, 50),
    ...call(25, 'thrifty', 'gpt-4o-mini', 500, 50),
    ...call(20, 'failer', 'gpt-4o-mini', 500, 50, (i) => (i % 3 === 0 ? { status: 'error', error: 'no' } : {})),
    // patterns: slow items, a query asked again, one without a result, two agents of the same traces
    ...times(4, (i) => access(i, 'slow-item', 'chromadb', 150)),
    ...times(4, (i) => access(i, 'fast-item', 'redis', 2)),
    ...times(4, (i) => search(i, 'asked again', 3)),
    ...times(3, (i) => search(i, 'Not  known', 0)),
    ...times(4, (i) => event(i, 'left', 'tool.call', { trace_id: trace(i + 1), tool: 'search', duration_ms: 5 })),
    ...times(4, (i) => event(i + 1, 'right', 'tool.call', { trace_id: trace(i + 1), tool: 'search', duration_ms: 5 })),
    // teams: one does most of the work of a team, one fails, and the other team costs more for the same
    ...times(40, (i) => done(i * 60, 'swamped', 'ops', 0.01)),
    ...times(10, (i) => done(i * 60, 'calm', 'ops', 0.01, i % 2 ? 'error' : 'ok')),
    ...times(10, (i) => done(i * 60, 'dear', 'lab', 1)),
    event(0, 'thinker', 'hypothesis.formed', { knowledge_id: 'told' }),
    event(60, 'thinker', 'hypothesis.validated', { knowledge_id: 'told' }),
  ];
}
