@0xd94a2c61be07f385;
# What the routers of two nodes say to each other: see actors/runtime/route_message.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# What the answering node knows of a shard; the asker may know better.
struct KnownPlace {
  generation @0 :UInt64;
  voters @1 :List(UInt64);
  term @2 :UInt64;
  leader @3 :UInt64;            # 0: not known
}

enum RequestKind {
  command @0;
  read @1;                      # after a majority confirmed the leader's term
  peek @2;                      # whatever the asked node's replica has applied
}

struct ShardQuestion {
  shard @0 :UInt16;
  kind @1 :RequestKind;
  waitMs @2 :UInt32;            # how much longer the asker waits
  again @3 :Bool;               # asked before, and it is not known with what effect
  relays @4 :UInt8;             # how often it may be passed on
  request @5 :Data;             # a frame: command or query
}

struct ShardAnswer {
  shard @0 :UInt16;
  place @1 :KnownPlace;
  answer @2 :Data;              # a frame: reply or query_result
}

# One follower of a shard's feed on another node asks for what follows, one question after the other.
struct FeedQuestion {
  shard @0 :UInt16;
  session @1 :UInt64;           # drawn by the follower: a new one begins with the shard's position
}

struct FeedAnswer {
  shard @0 :UInt16;
  session @1 :UInt64;
  place @2 :KnownPlace;
  isLeading @3 :Bool;           # false: the session is over, ask the leader
  feeds @4 :List(Data);         # each an encoded Feed, in order; none for a while: ask again
}

struct FeedMessage {
  union {
    question @0 :FeedQuestion;
    answer @1 :FeedAnswer;
  }
}
