@0xbb4aa1e1e883d493;
# What a shard keeps about itself on disk.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# Raft's hard state: durable before any message of this or a later step leaves.
struct HardState {
  term @0 :UInt64;
  vote @1 :UInt64;              # node voted for in this term, 0: none
}

# Where the log begins: what is at or below the index is in the records. Entries between firstIndex and index are kept
# for slow followers.
struct SnapshotState {
  index @0 :UInt64;
  term @1 :UInt64;
  firstIndex @2 :UInt64;
  generation @3 :UInt64;
  voters @4 :List(UInt64);
}

# The generation that follows a seal, or that this node has entered while others of its voters may not have: kept until
# all of them have. Its state begins at the seal's index and term. Of a node that left: the generation in which it has no
# part; it must not vote in that one or an earlier one again.
struct GenerationChange {
  generation @0 :UInt64;
  voters @1 :List(UInt64);
  index @2 :UInt64;
  term @3 :UInt64;
}

# How far the records reflect the log. Written in the same batch as the records.
struct AppliedState {
  index @0 :UInt64;
  term @1 :UInt64;
  stampUs @2 :Int64;            # of the last entry: stamps never go back
}

# Goes before the payload of a log entry on disk, in one envelope with it.
struct LogHeader {
  term @0 :UInt64;
  kind @1 :UInt16;              # entry_kind of storage/raft/replica.hpp
}

# A reply remembered for a client that sends the same request again.
struct CachedReply {
  fingerprint @0 :UInt64;
  expiresUs @1 :Int64;
  reply @2 :Data;               # an encoded Reply
}

# A state that was pulled is being put in place of the records: what is written of it says nothing until all is. Goes with
# the last write of it.
struct StateImport {
  change @0 :GenerationChange;  # what the state is for
  kind @1 :UInt8;               # state_import::purpose of storage/state_import.hpp
  chunks @2 :UInt64;            # that wait in the column "incoming"
}

# A piece of a shard's records on the way to another replica. Checked by the envelope around it.
struct SnapshotRecord {
  column @0 :UInt8;
  key @1 :Data;                 # with the shard in front
  value @2 :Data;
  kind @3 :UInt8;               # change_kind of storage/snapshot.hpp: put it, erase it, add to it
}

struct SnapshotChunk {
  records @0 :List(SnapshotRecord);
  last @1 :Bool;
}
