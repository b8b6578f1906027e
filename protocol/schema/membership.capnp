@0xe1b6943ad05c27f8;
# What nodes tell each other about themselves, and what comes together of it on each of them: node/membership.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Cluster = import "cluster.capnp";
using Query = import "query.capnp";
using Reply = import "reply.capnp";
using Rollback = import "rollback.capnp";

struct NodeReport {
  node @0 :UInt64;
  version @1 :Text;
  level @2 :UInt32;
  startedUs @3 :Int64;
  ready @4 :Bool;
  problems @5 :List(Text);
  connected @6 :List(UInt64);   # the other nodes it has a connection with
  shards @7 :List(Query.ShardStatus);   # its own part in each
  residentBytes @8 :UInt64;
  diskFreeBytes @9 :UInt64;
  certificateExpiresUs @10 :Int64;      # 0: not known
  mapVersion @11 :UInt64;
  map @12 :Cluster.ClusterMap;  # only where it is newer than what the asker knows
  moving @13 :List(UInt16);     # shards whose voters it is changing
  marks @14 :List(Rollback.SeenMark);   # the last ones that it knows of all nodes, its own included
}

# Asks the node that leads a shard to hand it over.
struct TransferShard {
  shard @0 :UInt16;
  to @1 :UInt64;                # 0: to whichever other voter
}

# Asks a node that is to become a voter to pull the shard's state ahead of the seal.
struct LearnShard {
  shard @0 :UInt16;
  generation @1 :UInt64;        # the one that is to be sealed
  from @2 :UInt64;
}

struct MembershipMessage {
  from @0 :UInt64;
  timeUs @1 :Int64;             # the sender's clock
  union {
    look @2 :UInt64;            # "how are you?"; the version of the map that the asker has
    report @3 :NodeReport;
    transfer @4 :TransferShard;
    done @5 :Void;
    refused @6 :Reply.Refusal;
    learn @7 :LearnShard;
  }
}

struct NodeView {
  report @0 :NodeReport;        # the last one
  connected @1 :Bool;
  lastSeenUs @2 :Int64;         # when the report came, 0: never
  clockOffsetUs @3 :Int64;      # its clock less that of the node that looks
  roundTripUs @4 :Int64;
}

enum Severity {
  warning @0;
  error @1;
}

struct Problem {
  severity @0 :Severity;
  what @1 :Text;
  advice @2 :Text;              # what to do
}

# The cluster as one node sees it.
struct ClusterView {
  clusterId @0 :Text;
  self @1 :UInt64;
  map @2 :Cluster.ClusterMap;   # without the hashes of invitations
  nodes @3 :List(NodeView);     # in the order of the map's nodes that have not left
  problems @4 :List(Problem);
}
