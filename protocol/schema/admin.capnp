@0xaf303f40d31f0c1f;
# What the admin CLI asks of a node, over CAF with mutual TLS.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Query = import "query.capnp";
using Reply = import "reply.capnp";
using Key = import "api_key.capnp";
using Cluster = import "cluster.capnp";
using Membership = import "membership.capnp";

struct Setting {
  name @0 :Text;
  value @1 :Text;
  source @2 :Text;              # "flag", "environment", "file" or "default"
}

struct NodeStatus {
  nodeId @0 :UInt64;
  clusterId @1 :Text;
  version @2 :Text;
  level @3 :UInt32;
  startedUs @4 :Int64;
  dataDir @5 :Text;
  httpListen @6 :Text;
  otlpListen @7 :Text;
  opsListen @8 :Text;
  adminListen @9 :Text;
  residentBytes @10 :UInt64;
  diskFreeBytes @11 :UInt64;
  eventsStored @12 :UInt64;
  connections @13 :UInt64;
  ready @14 :Bool;
  problems @15 :List(Text);
}

struct CreateKey {
  name @0 :Text;
  role @1 :Key.Role;
  org @2 :Text;
  maxConnections @3 :UInt32;    # 0: no bound
}

struct KeyCreated {
  key @0 :Key.ApiKey;
  secret @1 :Text;              # shown once
}

# Nodes are named by their name or by their id in hexadecimal.
struct Invite {
  name @0 :Text;
  address @1 :Text;             # HOST:PORT where the other nodes will reach it
  validMs @2 :Int64;            # 0: the default
  ownCertificates @3 :Bool;     # the asker has the CA's key, and puts certificates into the invitation itself
}

struct Invited {
  file @0 :Data;                # the invitation: a secret
  nodeId @1 :UInt64;
  expiresUs @2 :Int64;
}

struct Drain {
  node @0 :Text;
  cancel @1 :Bool;
}

struct Remove {
  node @0 :Text;
  successor @1 :Text;           # empty: whoever fits
}

struct Transfer {
  shard @0 :UInt16;
  node @1 :Text;                # empty: whichever other voter
}

struct BackedUp {
  folder @0 :Text;              # on the node that was asked
  bytes @1 :UInt64;
  shards @2 :UInt32;
  digest @3 :Text;
}

# How far the last backup that this node was asked for is.
struct BackupState {
  folder @0 :Text;              # empty: none was asked for since the node started
  running @1 :Bool;
  shardsDone @2 :UInt32;
  shards @3 :UInt32;
  bytes @4 :UInt64;             # written so far
  failed @5 :Reply.Refusal;     # why it came to nothing
  done @6 :BackedUp;            # once it is there
}

struct AdminRequest {
  union {
    status @0 :Void;
    shards @1 :Void;
    config @2 :Void;
    query @3 :Query.Query;      # fanned out over the shards it concerns
    createKey @4 :CreateKey;
    revokeKey @5 :Text;
    tail @6 :Text;              # agent id, or empty: the sender is sent Feed frames from now on
    cluster @7 :Void;           # the cluster as this node sees it
    invite @8 :Invite;
    drain @9 :Drain;
    remove @10 :Remove;
    changeSettings @11 :Cluster.ChangeSettings;
    transfer @12 :Transfer;
    backup @13 :Text;           # begin one, to this folder on the node: answered with backupState
    backupState @14 :Void;
    ping @15 :Void;             # answered with done: shows that the connection carries
  }
}

struct AdminReply {
  union {
    refused @0 :Reply.Refusal;
    status @1 :NodeStatus;
    shards @2 :List(Query.ShardStatus);
    config @3 :List(Setting);
    results @4 :List(Query.QueryResult);   # one per shard asked
    keyCreated @5 :KeyCreated;
    done @6 :Void;
    cluster @7 :Membership.ClusterView;
    invited @8 :Invited;
    clusterMap @9 :Cluster.ClusterMap;
    backedUp @10 :BackedUp;
    backupState @11 :BackupState;
  }
}
