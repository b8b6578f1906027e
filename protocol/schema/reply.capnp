@0xcbc9a99510f3a700;
# What a command is answered with, and what apply tells the world.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Event = import "event.capnp";
using Agent = import "agent.capnp";
using Key = import "api_key.capnp";
using Cluster = import "cluster.capnp";
using Insight = import "insight.capnp";
using Dashboard = import "dashboard.capnp";

struct Refusal {
  code @0 :UInt16;              # protocol/errc.hpp
  detail @1 :Text;              # for people: what is wrong and what to do
  field @2 :Text;
  retryAfterMs @3 :UInt32;      # 0: trying again does not help
}

struct EventRejected {
  index @0 :UInt32;             # within the batch of the command
  error @1 :Text;
  field @2 :Text;
}

struct EventsAppended {
  accepted @0 :UInt32;
  duplicates @1 :UInt32;
  rejected @2 :List(EventRejected);
  lastSeq @3 :UInt64;
}

struct AgentState {
  agent @0 :Agent.Agent;
  activity @1 :Agent.AgentActivity;
  created @2 :Bool;             # by this command
}

struct Reply {
  index @0 :UInt64;             # log index at which it was applied
  union {
    done @1 :Void;
    refused @2 :Refusal;
    eventsAppended @3 :EventsAppended;
    agent @4 :AgentState;
    task @5 :Agent.Task;
    apiKey @6 :Key.ApiKey;
    clusterMap @7 :Cluster.ClusterMap;
    tokenLimit @8 :Insight.TokenLimit;
    dashboard @9 :Dashboard.Dashboard;
  }
}

# Events of one batch, numbered from firstSeq without gaps.
struct EventsFact {
  firstSeq @0 :UInt64;
  events @1 :List(Event.Event);
}

# A fact for subscribers, published by the shard's leader after the batch is applied.
# Not stored: events are found again by their seq, everything else by its record.
struct Fact {
  org @0 :Text;
  union {
    eventsAppended @1 :EventsFact;
    agentChanged @2 :AgentState;
    taskChanged @3 :Agent.Task;
    apiKeyChanged @4 :Key.ApiKey;
    tokenLimitChanged @5 :Insight.TokenLimit;
    dashboardChanged @6 :Dashboard.Dashboard;
    dashboardRemoved @7 :Text;  # its id
  }
}

# All facts of one applied entry, in order.
struct Feed {
  shard @0 :UInt16;
  index @1 :UInt64;
  epoch @2 :UInt64;             # identity of the cluster's history
  lastSeq @3 :UInt64;           # of the shard after this entry
  facts @4 :List(Data);         # each an encoded Fact
  timerUs @5 :Int64;            # the earliest timer that this entry set, 0: none
}

# An effect that must happen later: stored in the outbox in the same batch.
struct OutboxRecord {
  dueUs @0 :Int64;
  command @1 :Data;             # a Command, proposed when due and validated again
}
