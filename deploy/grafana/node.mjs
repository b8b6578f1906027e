// Edge and ingest, cluster and storage: how the nodes themselves are.
import { dashboard, figure, lines, rows } from './dashboard.mjs';

const rate = (metric, more = '') => `rate(${metric}{NODES${more}}[$__rate_interval])`;
const sum = (metric, more) => `sum(${rate(metric, more)})`;
const by = (label, metric, more) => ({ legend: `{{${label}}}`, expr: `sum by (${label}) (${rate(metric, more)})` });
const each = (metric, more = '') => ({ legend: '{{instance}}', expr: `${metric}{NODES${more}}` });
const share = (part, whole) => `(${part}) / (${whole} > 0) or vector(0)`;
const duration = 'troupe_http_request_duration_seconds_bucket';
const failed = `sum(${rate('troupe_http_requests_total', ',status=~"5.."')}) or vector(0)`;

export const edge = dashboard({
  uid: 'troupe-edge',
  title: 'Troupe / Edge and ingest',
  about: 'Requests, live readers and what comes in, per node or in all.',
  sections: [
    ['Now', [
      figure('Requests', { unit: 'reqps', about: 'Answered per second.', queries: sum('troupe_http_requests_total') }),
      figure('Answered with 5xx', {
        unit: 'percentunit', max: 1, steps: [[0.01, 'orange'], [0.05, 'red']],
        about: 'Share of all answers.', queries: share(failed, sum('troupe_http_requests_total')),
      }),
      figure('p99', { unit: 's', about: 'Of all requests; streams are not requests that end.', queries: `histogram_quantile(0.99, sum by (le) (${rate(duration)}))` }),
      figure('Events taken', { unit: 'eps', about: 'Accepted per second.', queries: sum('troupe_events_received_total', ',outcome="accepted"') }),
    ]],
    ['Requests', [
      lines('Requests by route', { unit: 'reqps', width: 12, about: 'The ten busiest.', queries: { legend: '{{method}} {{route}}', expr: `topk(10, sum by (method, route) (${rate('troupe_http_requests_total')}))` } }),
      lines('Answers by status', { unit: 'reqps', width: 12, stacked: true, about: '429 and 503 are refusals under load, with Retry-After.', queries: by('status', 'troupe_http_requests_total') }),
      lines('Duration', {
        unit: 's', width: 12, about: 'From the whole request to its answer.',
        queries: [0.5, 0.95, 0.99].map((q) => ({ legend: `p${q * 100}`, expr: `histogram_quantile(${q}, sum by (le) (${rate(duration)}))` })),
      }),
      lines('p99 by route', { unit: 's', width: 12, about: 'The ten slowest.', queries: { legend: '{{method}} {{route}}', expr: `topk(10, histogram_quantile(0.99, sum by (le, method, route) (${rate(duration)})))` } }),
    ]],
    ['Ingest', [
      lines('Events by outcome', { unit: 'eps', about: 'A duplicate was known already; a rejected one was wrong.', queries: by('outcome', 'troupe_events_received_total') }),
      lines('Bytes', {
        unit: 'Bps', about: 'From and to clients.',
        queries: [
          { legend: 'received', expr: sum('troupe_http_received_bytes_total') },
          { legend: 'sent', expr: sum('troupe_http_sent_bytes_total') },
        ],
      }),
      lines('Waiting and how many may', {
        width: 12, about: 'Requests that wait for shards, and the bound that follows from how long they take; beyond it the answer is 503.',
        queries: [
          { legend: '{{kind}} {{instance}}', expr: 'troupe_http_load_in_flight{NODES}' },
          { legend: '{{kind}} may {{instance}}', expr: 'troupe_http_load_limit{NODES}' },
        ],
      }),
      lines('Refused for load', { unit: 'reqps', width: 12, about: 'Answered 503 with Retry-After, at the head where possible.', queries: by('kind', 'troupe_http_load_refused_total') }),
      lines('Bodies in memory', { unit: 'bytes', about: 'Bounded by http_in_flight_mb; beyond it the answer is 503.', queries: each('troupe_http_in_flight_bytes') }),
    ]],
    ['Live', [
      lines('Connections', {
        about: 'Open now.',
        queries: [
          { legend: 'connections', expr: 'sum(troupe_http_connections{NODES})' },
          { legend: 'WebSockets', expr: 'sum(troupe_websocket_connections{NODES})' },
          { legend: 'event streams', expr: 'sum(troupe_sse_streams{NODES})' },
          { legend: 'joined channels', expr: 'sum(troupe_channel_joins{NODES})' },
        ],
      }),
      lines('Frames', {
        unit: 'cps', about: 'To channels and streams, and from channels.',
        queries: [
          { legend: 'sent', expr: sum('troupe_live_frames_sent_total') },
          { legend: 'received', expr: sum('troupe_live_frames_received_total') },
        ],
      }),
      lines('Cut and recovered', {
        unit: 'cps', about: 'Slow readers are closed with a resumable code; recoveries are joins that asked for what they missed.',
        queries: [
          { legend: 'slow readers', expr: sum('troupe_live_slow_readers_total') },
          { legend: 'recoveries', expr: sum('troupe_live_recoveries_total') },
          { legend: 'deadlines passed', expr: sum('troupe_http_deadlines_passed_total') },
          { legend: 'connections refused', expr: sum('troupe_http_connections_refused_total') },
        ],
      }),
    ]],
    ['Process', [
      lines('Processor', { unit: 'percentunit', about: '1 is one core.', queries: { legend: '{{instance}}', expr: rate('process_cpu_seconds_total') } }),
      lines('Memory', { unit: 'bytes', about: 'Resident.', queries: each('process_resident_memory_bytes') }),
      lines('File descriptors', { unit: 'percentunit', max: 1, about: 'Share of those the system grants.', queries: { legend: '{{instance}}', expr: 'process_open_fds{NODES} / process_max_fds{NODES}' } }),
    ]],
  ],
});

export const cluster = dashboard({
  uid: 'troupe-cluster',
  title: 'Troupe / Cluster and storage',
  about: 'Nodes, shards and disks.',
  sections: [
    ['Now', [
      figure('Nodes ready', { about: 'Of those that are scraped.', queries: 'sum(troupe_ready{NODES})' }),
      figure('Shards with a leader', { about: 'As many as there are shards, or writes to some are refused.', queries: 'count(sum by (shard) (troupe_shard_leader{NODES}) > 0)' }),
      figure('Shards halted', { steps: [[1, 'red']], about: 'A halted shard keeps its bytes and takes nothing.', queries: 'sum(troupe_shard_halted{NODES})' }),
      figure('Least free disk', { unit: 'bytes', about: 'On the fullest node. Below 128 MiB writes are refused.', queries: 'min(troupe_disk_free_bytes{NODES})' }),
    ]],
    ['Nodes', [
      rows('Versions', { width: 12, about: 'During a rolling upgrade there are two.', queries: { expr: 'troupe_build_info{NODES}' } }),
      lines('Ready', { width: 6, max: 1, about: '1 while the node takes traffic.', queries: each('troupe_ready') }),
      lines('Up for', { unit: 's', width: 6, about: 'Since the process started.', queries: { legend: '{{instance}}', expr: 'time() - process_start_time_seconds{NODES}' } }),
    ]],
    ['Shards', [
      lines('Shards led', { about: 'Each node should lead about as many.', queries: { legend: '{{instance}}', expr: 'sum by (instance) (troupe_shard_leader{NODES})' } }),
      lines('Changes of leader', { about: 'New terms in the last ten minutes, over all shards.', queries: { legend: '{{instance}}', expr: 'sum by (instance) (changes(troupe_shard_term{NODES}[10m]))' } }),
      lines('Committed, not applied', { about: 'Entries; the highest of the shards of a node.', queries: { legend: '{{instance}}', expr: 'max by (instance) (troupe_shard_commit_index{NODES} - troupe_shard_applied_index{NODES})' } }),
      lines('Events stored', { unit: 'eps', stacked: true, about: 'By shard. Seen at the leader.', queries: { legend: '{{shard}}', expr: `sum by (shard) (${rate('troupe_shard_events_total')} * on (instance, shard) group_left () (troupe_shard_leader{NODES} == 1))` } }),
      lines('Commits', { unit: 'cps', about: 'Log entries per second at the leaders.', queries: { legend: '{{instance}}', expr: 'sum by (instance) (rate(troupe_shard_commit_index{NODES}[$__rate_interval]))' } }),
      lines('Log kept', { about: 'Entries from the last flush on, over all shards.', queries: { legend: '{{instance}}', expr: 'sum by (instance) (troupe_shard_log_entries{NODES})' } }),
    ]],
    ['Between nodes', [
      lines('Connected peers', { about: 'How many of the others each node is connected with.', queries: { legend: '{{instance}}', expr: 'sum by (instance) (troupe_peer_connected{NODES})' } }),
      lines('Sent to peers', { unit: 'Bps', about: 'Before encryption: entries, commands, live frames, snapshots.', queries: { legend: '{{instance}} to {{peer}}', expr: rate('troupe_peer_sent_bytes_total') } }),
      lines('Waiting for peers', { unit: 'bytes', about: 'Bounded for each kind of traffic; a peer that does not keep up is sent nothing more.', queries: { legend: '{{instance}} to {{peer}}', expr: 'troupe_peer_waiting_bytes{NODES}' } }),
    ]],
    ['Disk', [
      lines('Written to the log', { unit: 'Bps', about: 'Before compaction.', queries: { legend: '{{instance}}', expr: rate('troupe_log_written_bytes_total') } }),
      lines('Syncs', {
        unit: 'cps', about: 'One sync serves the batches of all shards.',
        queries: [
          { legend: 'syncs {{instance}}', expr: rate('troupe_log_syncs_total') },
          { legend: 'batches {{instance}}', expr: rate('troupe_log_batches_total') },
        ],
      }),
      lines('Failed writes', { unit: 'cps', about: 'A failed write closes the replica.', queries: { legend: '{{instance}}', expr: rate('troupe_log_failures_total') } }),
      lines('Free disk', { unit: 'bytes', width: 12, about: 'Where the data directory is.', queries: each('troupe_disk_free_bytes') }),
      lines('Free disk in a day', { unit: 'bytes', width: 12, min: null, about: 'If it goes on as in the last hour.', queries: { legend: '{{instance}}', expr: 'predict_linear(troupe_disk_free_bytes{NODES}[1h], 86400)' } }),
    ]],
  ],
});
