@0xaf303f40d31f0c1f;
# What the admin CLI asks of a node, over CAF with mutual TLS.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Query = import "query.capnp";
using Reply = import "reply.capnp";
using Key = import "api_key.capnp";

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
}

struct KeyCreated {
  key @0 :Key.ApiKey;
  secret @1 :Text;              # shown once
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
  }
}
