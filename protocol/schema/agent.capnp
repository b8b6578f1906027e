@0xf372dff2fa6a3a3f;
# Agents, their activity and their tasks, as stored.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Event = import "event.capnp";

# What was said about an agent. Kept with history.
struct Agent {
  id @0 :Text;
  org @1 :Text;
  name @2 :Text;
  team @3 :Text;
  tags @4 :List(Text);
  capabilities @5 :List(Text);
  metadata @6 :Text;            # a JSON object, or empty
  registeredUs @7 :Int64;
  updatedUs @8 :Int64;
  version @9 :UInt64;           # 1 at first sight, +1 for every change: the ETag
  declared @10 :Bool;           # false while it is known only from its events
}

# What an agent was seen doing. Changes with every batch of events, so it has no history.
struct AgentActivity {
  lastActivityUs @0 :Int64;
  leaseUntilUs @1 :Int64;       # 0: no heartbeat lease
  reportedStatus @2 :Text;
  events @3 :Int64;
  errors @4 :Int64;
  tokens @5 :Event.Tokens;
  costNanoUsd @6 :Int64;
  pendingTasks @7 :Int64;
  claimedTasks @8 :Int64;       # the current load
  completedTasks @9 :Int64;
  failedTasks @10 :Int64;       # failed for good, or expired
}

enum TaskStatus {
  pending @0;
  claimed @1;
  completed @2;
  failed @3;
  expired @4;
}

struct Task {
  id @0 :Text;
  agentId @1 :Text;
  name @2 :Text;
  status @3 :TaskStatus;
  priority @4 :Int32;           # higher first
  input @5 :Text;               # JSON
  result @6 :Text;              # JSON
  error @7 :Text;
  attempt @8 :UInt32;           # how often it was claimed
  attemptsMax @9 :UInt32;
  claimToken @10 :Text;         # proves the claim; empty unless claimed, or ended by its claimer
  worker @11 :Text;
  leaseUntilUs @12 :Int64;
  createdUs @13 :Int64;
  updatedUs @14 :Int64;
  deadlineUs @15 :Int64;        # 0: none. Past it a task that has not ended expires
}

# What a shard counts. One record per shard.
struct Counters {
  lastSeq @0 :UInt64;           # of the last event of the shard: how many there are
}
