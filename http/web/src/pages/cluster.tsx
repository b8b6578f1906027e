// Purpose: the nodes, who leads which shard, and how far the replicas are behind.
import type { ClusterNode, ClusterShard, ClusterState } from '../api/insight.ts';
import { Figures } from '../components/figures.tsx';
import { use_now } from '../components/now.ts';
import { Panel } from '../components/panel.tsx';
import { Answer } from '../components/states.tsx';
import { RowTable, type TableColumn } from '../components/table.tsx';
import { bytes, count } from '../format/numbers.ts';
import { ago } from '../format/times.ts';
import { t, t_or } from '../i18n/i18n.ts';
import { use_cluster } from '../queries/cluster.ts';

export function Cluster() {
  const cluster = use_cluster();
  return (
    <Answer read={cluster} missing_text={t('cluster.alone')}>
      {(data) => (
        <>
          {data.problems.length > 0 && (
            <div className="note note_bad" role="status">
              <p>{t('cluster.problems')}</p>
              <ul className="problems">
                {data.problems.map((problem) => (
                  <li key={problem} lang="en" dir="ltr">
                    {problem}
                  </li>
                ))}
              </ul>
            </div>
          )}
          <ClusterFigures state={data} />
          <Nodes nodes={data.nodes} />
          <Shards state={data} />
        </>
      )}
    </Answer>
  );
}

function ClusterFigures({ state }: { readonly state: ClusterState }) {
  const connected = state.nodes.filter((node) => node.connected || node.is_self).length;
  const led = state.shards.filter((shard) => shard.leader !== null).length;
  const lag = Math.max(0, ...state.shards.flatMap((shard) => shard.replicas.map((replica) => replica.lag ?? 0)));
  return (
    <Figures
      label={t('cluster.figures')}
      figures={[
        {
          name: t('cluster.connected'),
          value: count(connected),
          more: t('cluster.of_nodes', { n: state.nodes.length }),
          tone: connected < state.nodes.length ? 'bad' : undefined,
        },
        {
          name: t('cluster.led'),
          value: count(led),
          more: t('cluster.of_shards', { n: state.shards.length }),
          tone: led < state.shards.length ? 'bad' : undefined,
        },
        { name: t('cluster.lag'), value: count(lag), more: t('cluster.entries') },
        { name: t('cluster.id'), value: state.cluster_id.slice(0, 8) },
      ]}
    />
  );
}

function Nodes({ nodes }: { readonly nodes: readonly ClusterNode[] }) {
  const now_ms = use_now(1_000);
  const size = (value: number | null): string => (value === null ? '–' : bytes(value));
  const columns: readonly TableColumn<ClusterNode>[] = [
    {
      key: 'name',
      title: t('cluster.node'),
      cell: (node) => (
        <>
          {node.name || node.id} {node.is_self && <span className="muted">{t('cluster.this_one')}</span>}
        </>
      ),
    },
    {
      key: 'state',
      title: t('field.status'),
      cell: (node) => (
        <span className={node.connected || node.is_self ? 'good' : 'bad'}>
          {node.connected || node.is_self ? t_or('node_state', node.state) : t('cluster.unreachable')}
        </span>
      ),
    },
    { key: 'zone', title: t('cluster.zone'), wide: true, cell: (node) => node.zone ?? '–' },
    { key: 'address', title: t('cluster.address'), wide: true, cell: (node) => node.address ?? '–' },
    { key: 'version', title: t('cluster.version'), wide: true, cell: (node) => node.version },
    { key: 'leaders', title: t('cluster.leads'), number: true, cell: (node) => count(node.leaders) },
    { key: 'replicas', title: t('cluster.replicas'), number: true, wide: true, cell: (node) => count(node.replicas) },
    { key: 'memory', title: t('cluster.memory'), number: true, wide: true, cell: (node) => size(node.resident_bytes) },
    { key: 'disk', title: t('cluster.disk'), number: true, cell: (node) => size(node.disk_free_bytes) },
    {
      key: 'seen',
      title: t('agents.last_seen'),
      number: true,
      cell: (node) => (node.is_self ? t('time.now') : ago(node.last_seen, now_ms)),
    },
  ];
  return (
    <Panel title={t('cluster.nodes')}>
      <RowTable caption={t('cluster.nodes')} columns={columns} rows={nodes} row_key={(node) => node.id} />
    </Panel>
  );
}

function tone_of(state: string): string | undefined {
  if (state === 'no_leader' || state === 'no_majority') return 'bad';
  return state === 'degraded' ? 'tone_warn' : undefined;
}

function Shards({ state }: { readonly state: ClusterState }) {
  const columns: readonly TableColumn<ClusterShard>[] = [
    { key: 'id', title: t('cluster.shard'), cell: (shard) => String(shard.id) },
    {
      key: 'state',
      title: t('field.status'),
      cell: (shard) => <span className={tone_of(shard.state)}>{t_or('shard_state', shard.state)}</span>,
    },
    { key: 'term', title: t('cluster.term'), number: true, wide: true, cell: (shard) => count(shard.term) },
    { key: 'commit', title: t('cluster.commit'), number: true, wide: true, cell: (shard) => count(shard.commit_index) },
    ...state.nodes.map(
      (node): TableColumn<ClusterShard> => ({
        key: node.id,
        title: node.name || node.id,
        cell: (shard) => <ReplicaCell shard={shard} node={node} />,
      }),
    ),
  ];
  return (
    <Panel title={t('cluster.shards')}>
      <RowTable caption={t('cluster.shards')} columns={columns} rows={state.shards} row_key={(shard) => String(shard.id)} />
    </Panel>
  );
}

function ReplicaCell({ shard, node }: { readonly shard: ClusterShard; readonly node: ClusterNode }) {
  const replica = shard.replicas.find((each) => each.node === node.id);
  if (!replica) return null;
  const leads = shard.leader === node.id;
  return (
    <span className={`replica ${leads ? 'replica_leader' : replica.lag === null ? 'replica_lost' : ''}`}>
      {leads ? t('cluster.leader') : t_or('replica_role', replica.role)}
      {replica.lag !== null && replica.lag > 0 && (
        <span className="replica_lag">{t('cluster.behind', { n: replica.lag })}</span>
      )}
    </span>
  );
}
