@0xc914dfed98a7286f;
# What may be asked of a shard. A command is the payload of a log entry, next to the leader's stamp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Event = import "event.capnp";
using Key = import "api_key.capnp";
using Cluster = import "cluster.capnp";
using Insight = import "insight.capnp";
using Dashboard = import "dashboard.capnp";

# The leader's part of a log entry: all that apply may know besides state and command.
struct Stamp {
  timeUs @0 :Int64;             # never goes back within a shard
  entropyHigh @1 :UInt64;       # random: ids are drawn from it
  entropyLow @2 :UInt64;
  level @3 :UInt32;             # behaviour level in force
}

struct RegisterAgent {
  id @0 :Text;
  name @1 :Text;
  team @2 :Text;
  tags @3 :List(Text);
  capabilities @4 :List(Text);
  metadata @5 :Text;
}

# Only the fields whose set flag is true change.
struct UpdateAgent {
  id @0 :Text;
  ifVersion @1 :UInt64;         # 0: whatever the version
  setName @2 :Bool;
  name @3 :Text;
  setTeam @4 :Bool;
  team @5 :Text;
  setTags @6 :Bool;
  tags @7 :List(Text);
  setCapabilities @8 :Bool;
  capabilities @9 :List(Text);
  setMetadata @10 :Bool;
  metadata @11 :Text;
}

struct Heartbeat {
  agentId @0 :Text;
  leaseMs @1 :Int64;
  status @2 :Text;
}

struct CreateTask {
  agentId @0 :Text;
  id @1 :Text;                  # empty: drawn from the stamp
  name @2 :Text;
  input @3 :Text;
  priority @4 :Int32;
  attemptsMax @5 :UInt32;       # 0: the default
  timeoutMs @6 :Int64;          # 0: none
}

struct ClaimTask {
  agentId @0 :Text;
  taskId @1 :Text;
  leaseMs @2 :Int64;
  worker @3 :Text;
}

struct CompleteTask {
  agentId @0 :Text;
  taskId @1 :Text;
  claimToken @2 :Text;
  result @3 :Text;
}

struct FailTask {
  agentId @0 :Text;
  taskId @1 :Text;
  claimToken @2 :Text;
  error @3 :Text;
  retry @4 :Bool;
}

# Fired by the outbox. What it refers to must still hold, else nothing happens.
struct ExpireTask {
  agentId @0 :Text;
  taskId @1 :Text;
  attempt @2 :UInt32;           # of the claim whose lease ran out; 0: the deadline of the task
}

struct CreateApiKey {
  id @0 :Text;
  name @1 :Text;
  role @2 :Key.Role;
  secretHash @3 :Data;
  maxConnections @4 :UInt32;
}

struct RevokeApiKey {
  id @0 :Text;
}

struct CreateDashboard {
  dashboard @0 :Dashboard.Dashboard;
  elsewhere @1 :UInt32;         # dashboards of the organisation in other shards, as the edge counted them
}

# Only the fields whose set flag is true change; 'charts' as a whole.
struct UpdateDashboard {
  ifVersion @0 :UInt64;         # 0: whatever the version
  dashboard @1 :Dashboard.Dashboard;
  setTitle @2 :Bool;
  setDescription @3 :Bool;
  setGridColumns @4 :Bool;
  setTimeRange @5 :Bool;
  setUpdateInterval @6 :Bool;
  setRealTime @7 :Bool;
  setShowMetrics @8 :Bool;
  setCharts @9 :Bool;
}

# Replaces the chart with this id in its place, or adds it at the end.
struct SetDashboardChart {
  dashboardId @0 :Text;
  ifVersion @1 :UInt64;
  chart @2 :Dashboard.Chart;
}

struct RemoveDashboardChart {
  dashboardId @0 :Text;
  ifVersion @1 :UInt64;
  chartId @2 :Text;
}

struct RemoveDashboard {
  id @0 :Text;
  ifVersion @1 :UInt64;
}

# The last command of a generation: whose voters the next one has. Nothing after it is applied (docs/decisions/0002).
struct Seal {
  generation @0 :UInt64;        # the one that begins: one more than the shard's
  voters @1 :List(UInt64);      # distinct node ids
}

struct Command {
  org @0 :Text;
  principal @1 :Text;           # id of the API key, or "node" or "admin"
  idempotencyKey @2 :Text;      # empty: none
  fingerprint @3 :UInt64;       # of the request's body, with idempotencyKey
  body :union {
    noop @4 :Void;              # applied and answered, changes nothing: a barrier
    appendEvents @5 :Event.EventBatch;
    registerAgent @6 :RegisterAgent;
    updateAgent @7 :UpdateAgent;
    heartbeat @8 :Heartbeat;
    createTask @9 :CreateTask;
    claimTask @10 :ClaimTask;
    completeTask @11 :CompleteTask;
    failTask @12 :FailTask;
    expireTask @13 :ExpireTask;
    createApiKey @14 :CreateApiKey;
    revokeApiKey @15 :RevokeApiKey;
    fireTimer @16 :Data;        # key of the outbox record that is due
    seal @17 :Seal;
    cluster @18 :Cluster.ClusterCommand;
    setTokenLimit @20 :Insight.TokenLimit;
    removeTokenLimit @21 :Text;
    createDashboard @22 :CreateDashboard;
    updateDashboard @23 :UpdateDashboard;
    setDashboardChart @24 :SetDashboardChart;
    removeDashboardChart @25 :RemoveDashboardChart;
    removeDashboard @26 :RemoveDashboard;
  }
  takeDigest @19 :Bool;         # with noop: each replica takes the digest of its records as of this entry
}
