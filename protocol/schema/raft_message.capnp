@0xc6577cf93e82d70f;
# What replicas of one shard say to each other. Names follow the Raft paper.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

struct RequestVote {
  term @0 :UInt64;
  candidateId @1 :UInt64;
  lastLogIndex @2 :UInt64;
  lastLogTerm @3 :UInt64;
  disruptLeader @4 :Bool;
  preVote @5 :Bool;
}

struct RequestVoteResult {
  term @0 :UInt64;
  voteGranted @1 :Bool;
  preVote @2 :Bool;
  features @3 :UInt32;
  capacity @4 :UInt32;
}

struct RaftEntry {
  term @0 :UInt64;
  type @1 :UInt16;
  data @2 :Data;
}

struct AppendEntries {
  term @0 :UInt64;
  prevLogIndex @1 :UInt64;
  prevLogTerm @2 :UInt64;
  leaderCommit @3 :UInt64;
  entries @4 :List(RaftEntry);
}

struct AppendEntriesResult {
  term @0 :UInt64;
  rejected @1 :UInt64;
  lastLogIndex @2 :UInt64;
  features @3 :UInt32;
  capacity @4 :UInt32;
}

# A snapshot is sent by reference: the data is pulled in checked chunks out of band.
struct InstallSnapshot {
  term @0 :UInt64;
  lastIndex @1 :UInt64;
  lastTerm @2 :UInt64;
  voters @3 :List(UInt64);
  configurationIndex @4 :UInt64;
  manifest @5 :Data;
}

struct TimeoutNow {
  term @0 :UInt64;
  lastLogIndex @1 :UInt64;
  lastLogTerm @2 :UInt64;
}

# Asked by a leader before it answers reads: "is your durable term still mine?"
struct ConfirmTerm {
  term @0 :UInt64;
  round @1 :UInt64;
  answer @2 :Bool;
}

struct RaftMessage {
  shard @0 :UInt16;
  generation @1 :UInt64;
  from @2 :UInt64;
  to @3 :UInt64;
  union {
    requestVote @4 :RequestVote;
    requestVoteResult @5 :RequestVoteResult;
    appendEntries @6 :AppendEntries;
    appendEntriesResult @7 :AppendEntriesResult;
    installSnapshot @8 :InstallSnapshot;
    timeoutNow @9 :TimeoutNow;
    confirmTerm @10 :ConfirmTerm;
  }
}
