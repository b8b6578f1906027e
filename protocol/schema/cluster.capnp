@0xa5d3f0c2b7e94186;
# The cluster's map, which lives in the system shard, and the commands that change it: actors/cluster/.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

enum NodeState {
  joining @0;                   # admitted, has not said yet that it runs: never held anything
  active @1;
  draining @2;                  # is to hold no replica any more
  left @3;                      # for good: this id never comes back
}

struct ClusterNode {
  id @0 :UInt64;
  name @1 :Text;                # unique among those that have not left
  state @2 :NodeState;
  address @3 :Text;             # HOST:PORT, where other nodes reach it; empty: nowhere yet
  clientAddress @4 :Text;       # where clients do
  zone @5 :Text;                # replicas of a shard are spread over these
  version @6 :Text;
  level @7 :UInt32;             # the highest behaviour level that it can do
  admittedUs @8 :Int64;
  changedUs @9 :Int64;          # when its state last changed
  removing @10 :Bool;           # draining, and leaves as soon as it is empty
  successor @11 :UInt64;        # takes its replicas, 0: whoever fits
}

# The right to join once. The secret itself is nowhere but in the invitation's file.
struct Invitation {
  id @0 :Text;
  secretHash @1 :Data;          # BLAKE2b-256
  nodeId @2 :UInt64;            # only this node
  name @3 :Text;
  address @4 :Text;
  createdUs @5 :Int64;
  expiresUs @6 :Int64;
  usedUs @7 :Int64;             # 0: not yet
}

# What the map knows of a shard's generation. It may lag: the seal is the truth.
struct ShardPlace {
  shard @0 :UInt16;
  generation @1 :UInt64;
  voters @2 :List(UInt64);
  sinceUs @3 :Int64;
}

enum Rebalancing {
  on @0;
  paused @1;                    # nothing is moved but off nodes that are draining
}

struct ClusterSettings {
  replicas @0 :UInt32;          # of each shard, odd; 0: 3 where there are as many nodes, else 1
  rebalancing @1 :Rebalancing;
}

struct ClusterMap {
  version @0 :UInt64;           # grows with every change; 0: the cluster is not founded
  level @1 :UInt32;             # behaviour level in force
  foundedUs @2 :Int64;
  settings @3 :ClusterSettings;
  nodes @4 :List(ClusterNode);  # by id
  invitations @5 :List(Invitation);
  shards @6 :List(ShardPlace);  # by shard, without gaps
}

# What a node says of itself.
struct NodeFacts {
  id @0 :UInt64;
  name @1 :Text;
  address @2 :Text;
  clientAddress @3 :Text;
  zone @4 :Text;
  version @5 :Text;
  level @6 :UInt32;
}

# The first node makes the map, with itself as the only voter of all shards. Changes nothing when there is one.
struct FoundCluster {
  node @0 :NodeFacts;
  shards @1 :UInt16;
}

struct InviteNode {
  id @0 :Text;
  secretHash @1 :Data;
  nodeId @2 :UInt64;
  name @3 :Text;
  address @4 :Text;
  expiresUs @5 :Int64;
}

# A node shows its invitation. Answered the same way again until the node is active.
struct AdmitNode {
  invitation @0 :Text;
  secretHash @1 :Data;          # of the secret it showed
  node @2 :NodeFacts;
}

struct DrainNode {
  node @0 :UInt64;
  cancel @1 :Bool;              # it stays, after all
}

# Leaves at once if it votes nowhere; else it is drained, and removed when this is asked again and it is empty.
struct RemoveNode {
  node @0 :UInt64;
  successor @1 :UInt64;         # 0: whoever fits
}

# Older generations than the known one change nothing.
struct PlaceShard {
  shard @0 :UInt16;
  generation @1 :UInt64;
  voters @2 :List(UInt64);
}

struct ChangeSettings {
  setReplicas @0 :Bool;
  replicas @1 :UInt32;
  setRebalancing @2 :Bool;
  rebalancing @3 :Rebalancing;
}

# All are answered with the map.
struct ClusterCommand {
  union {
    found @0 :FoundCluster;
    invite @1 :InviteNode;
    admit @2 :AdmitNode;
    announce @3 :NodeFacts;     # at each start: a joining node becomes active
    drain @4 :DrainNode;
    remove @5 :RemoveNode;
    place @6 :PlaceShard;
    change @7 :ChangeSettings;
    raiseLevel @8 :UInt32;      # when every node can do it
    restore @9 :FoundCluster;   # from a backup: the node is all there is of the cluster that the map was of
  }
}
