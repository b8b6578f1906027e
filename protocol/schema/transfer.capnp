@0xe2c07f0f9a4d5b61;
# How a node pulls the state of a shard from another, chunk by chunk: see storage/state_transfer.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# "Of that generation, at that point or later."
struct StateQuestion {
  shard @0 :UInt16;
  generation @1 :UInt64;
  index @2 :UInt64;
  term @3 :UInt64;
  snapshot @4 :UInt64;          # that the giver holds for this pull; 0: begin one
  column @5 :UInt8;             # where the chunk begins
  key @6 :Data;                 # without the shard
  purpose @7 :UInt8;            # state_purpose of storage/state_transfer.hpp: for each one snapshot is held for a node
  journal @8 :UInt64;           # of what follows: storage/change_journal.hpp; 0: none
  part @9 :UInt64;              # the one that is asked for
}

struct StateAnswer {
  union {
    refused @0 :Text;
    chunk @1 :Data;             # an envelope with a SnapshotChunk
  }
  snapshot @2 :UInt64;
  column @3 :UInt8;             # where the next chunk begins
  key @4 :Data;
  journal @5 :UInt64;           # that follows the snapshot, or goes on
  part @6 :UInt64;              # the next one
}
