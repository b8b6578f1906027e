@0xd8a1f3a5c1b2e947;
# How nodes tell each other of a shard's generations, outside Raft: see storage/member.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Storage = import "storage.capnp";

struct GenerationMessage {
  shard @0 :UInt16;
  from @1 :UInt64;
  union {
    began @2 :Storage.GenerationChange;   # "this is the shard's generation"; index 0: all its voters have entered it
    entered @3 :UInt64;                   # "I am in this generation, or past it"
  }
}
