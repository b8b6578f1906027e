@0xbb4aa1e1e883d493;
# What a shard keeps about itself on disk.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# Raft's hard state: durable before any message of this or a later step leaves.
struct HardState {
  term @0 :UInt64;
  vote @1 :UInt64;              # node voted for in this term, 0: none
}

# Where the log begins: what is at or below the index is in the records only.
struct SnapshotState {
  index @0 :UInt64;
  term @1 :UInt64;
  voters @2 :List(UInt64);
  configurationIndex @3 :UInt64;
  firstIndex @4 :UInt64;        # of the log entries kept; entries between it and index serve slow followers
}

# How far the records reflect the log. Written in the same batch as the records.
struct AppliedState {
  index @0 :UInt64;
  term @1 :UInt64;
  stampUs @2 :Int64;            # of the last entry: stamps never go back
}

# One entry of the log, on disk.
struct LogRecord {
  term @0 :UInt64;
  type @1 :UInt16;              # of raft_core.h
  data @2 :Data;                # an envelope for commands, libraft's own encoding for its configuration
}

# A reply remembered for a client that sends the same request again.
struct CachedReply {
  fingerprint @0 :UInt64;
  expiresUs @1 :Int64;
  reply @2 :Data;               # an encoded Reply
}
