@0xd2c9de6f7cad758f;
# What may be read of a shard, and the answers: on its leader after a confirmed round, or on any replica if staleness is accepted.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Event = import "event.capnp";
using Agent = import "agent.capnp";
using Key = import "api_key.capnp";
using Reply = import "reply.capnp";
using Rollup = import "rollup.capnp";
using Cluster = import "cluster.capnp";
using Insight = import "insight.capnp";
using Dashboard = import "dashboard.capnp";

# Empty text and zero mean: no condition.
struct EventFilter {
  agentId @0 :Text;
  type @1 :Text;                # as in the public JSON: "llm.call", "custom.x"
  traceId @2 :Text;
  sessionId @3 :Text;
  model @4 :Text;
  tool @5 :Text;
  status @6 :Text;              # "ok" | "error" | "unset"
  team @7 :Text;
  text @8 :Text;                # substring of the texts of the event, whatever its case and blanks
  sinceUs @9 :Int64;            # inclusive
  untilUs @10 :Int64;           # exclusive
  tier @11 :Text;               # asked or serving, as rollups by tier count
  knowledgeId @12 :Text;
  peerAgentId @13 :Text;
  userId @14 :Text;
  provider @15 :Text;
}

struct ListEvents {
  filter @0 :EventFilter;
  limit @1 :UInt32;
  beforeTimeUs @2 :Int64;       # cursor: strictly older than (time, seq); 0: from the newest
  beforeSeq @3 :UInt64;
}

struct ListAgents {
  team @0 :Text;
  activeSinceUs @1 :Int64;      # 0: all
  afterId @2 :Text;             # cursor
  limit @3 :UInt32;
}

struct ListTasks {
  agentId @0 :Text;
  status @1 :Text;              # empty: all
  afterId @2 :Text;
  limit @3 :UInt32;
}

struct TaskId {
  agentId @0 :Text;
  taskId @1 :Text;
}

struct ReadFeed {
  afterSeq @0 :UInt64;
  limit @1 :UInt32;
  agentId @2 :Text;             # empty: all agents
  team @3 :Text;
}

enum Resolution {
  minute @0;
  hour @1;
  day @2;
}

enum Dimension {
  all @0;
  agent @1;
  model @2;
  tool @3;
  tier @4;
}

struct ReadRollups {
  resolution @0 :Resolution;
  dimension @1 :Dimension;
  key @2 :Text;                 # empty: every key of the dimension
  sinceUs @3 :Int64;
  untilUs @4 :Int64;
  limit @5 :UInt32;
  fromKey @6 :Text;             # cursor: within the bucket of sinceUs, not the keys before this one
}

struct ListDashboards {
  text @0 :Text;                # part of the title or the id, whatever its case and blanks; empty: all
  afterId @1 :Text;             # cursor
  limit @2 :UInt32;
}

# Cells as they would be if only the events were stored that meet the filter; counted anew, of the events. Of each shard the
# latest ones, within its bounds: 'partial' says when that was not all.
struct ReadFilteredCells {
  cells @0 :Insight.ReadCells;  # not of cubes that are rollups
  filter @1 :EventFilter;       # its times: within the window of the cells
  servedBy @2 :Text;            # the tier that served, as cells name it; empty: any or none
}

struct Query {
  org @0 :Text;
  union {
    position @1 :Void;          # the last seq of the shard
    getEvent @2 :Event.Uuid;
    listEvents @3 :ListEvents;
    getAgent @4 :Text;
    listAgents @5 :ListAgents;
    getTask @6 :TaskId;
    listTasks @7 :ListTasks;
    readFeed @8 :ReadFeed;      # events after a seq, oldest first; of every organisation when org is empty
    readRollups @9 :ReadRollups;
    listApiKeys @10 :Void;      # of every organisation when org is empty
    nextPendingTask @11 :Text;  # agent id: the pending task to claim next
    dueTimers @12 :Int64;       # outbox records due at this time
    status @13 :Void;           # of the replica, on the node that is asked
    clusterMap @14 :Void;       # of the system shard; nothing before the cluster is founded
    readCells @15 :Insight.ReadCells;
    listTokenLimits @16 :Void;
    getDashboard @17 :Text;
    listDashboards @18 :ListDashboards;
    readFilteredCells @19 :ReadFilteredCells;
  }
}

struct ShardStatus {
  shard @0 :UInt16;
  role @1 :Text;                # "leader", "follower", "candidate", "closed"; without a replica: "vacant", "pulling", "entering", "retired"
  term @2 :UInt64;
  leader @3 :UInt64;
  voters @4 :List(UInt64);
  commitIndex @5 :UInt64;
  appliedIndex @6 :UInt64;
  lastIndex @7 :UInt64;
  firstIndex @8 :UInt64;
  lastSeq @9 :UInt64;
  fault @10 :Text;              # why it is closed or refuses writes; empty: sound
  generation @11 :UInt64;
  bytes @12 :UInt64;            # what its records take on disk, about; 0: not known
  digestIndex @13 :UInt64;      # where the digest was taken, 0: none yet
  digest @14 :UInt64;           # of the records at that index: the same on all replicas
  digestMismatches @15 :UInt64; # comparisons in which another replica had another digest at the same index
}

struct DueTimers {
  keys @0 :List(Data);          # of outbox records that are due
  nextUs @1 :Int64;             # when the next one after them is due, 0: none
}

struct StoredEvent {
  seq @0 :UInt64;
  event @1 :Event.Event;
}

struct RollupItem {
  timeUs @0 :Int64;             # start of the bucket
  key @1 :Text;
  rollup @2 :Rollup.Rollup;
}

struct QueryResult {
  shard @0 :UInt16;
  lastSeq @1 :UInt64;           # of the shard when it was read
  epoch @2 :UInt64;
  readIndex @3 :UInt64;         # log index the answer reflects
  more @5 :Bool;                # a limit was reached: ask again from where this answer stopped looking
  # The last record looked at, matching or not: the cursor of the next question, which goes on after it.
  # readRollups: the first one not looked at, if there is more: the next sinceUs and fromKey.
  scannedToSeq @4 :UInt64;      # readFeed, listEvents
  scannedToTimeUs @16 :Int64;   # listEvents, readRollups
  scannedToId @17 :Text;        # listAgents, listTasks, listDashboards; readRollups: the key
  # Of a read of any replica: how long ago, by this replica's clock, its leader told it of a commit that it has applied.
  # 0 on the leader.
  staleMs @19 :UInt32;
  union {
    nothing @6 :Void;           # not found
    position @7 :Void;
    events @8 :List(StoredEvent);
    agents @9 :List(Reply.AgentState);
    tasks @10 :List(Agent.Task);
    rollups @11 :List(RollupItem);
    apiKeys @12 :List(Key.ApiKey);
    refused @13 :Reply.Refusal;
    dueTimers @14 :DueTimers;
    status @15 :ShardStatus;
    clusterMap @18 :Cluster.ClusterMap;
    cells @20 :Insight.Cells;
    tokenLimits @21 :List(Insight.TokenLimit);
    dashboard @22 :Dashboard.Dashboard;
    dashboards @23 :Dashboard.DashboardPage;
  }
}
