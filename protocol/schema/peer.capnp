@0x97d339095df386e5;
# What two nodes say to each other on their connection: who they are, then packets of frames. See node/cluster/.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Rollback = import "rollback.capnp";

# The first thing said by the node that dialled.
struct PeerHello {
  wireMin @0 :UInt16;           # versions of this conversation that it speaks
  wireMax @1 :UInt16;
  cluster @2 :Text;
  node @3 :UInt64;              # the one its certificate names
  to @4 :UInt64;                # whom it means to have reached
  incarnation @5 :UInt64;       # another one with every start of the process
  version @6 :Text;
  level @7 :UInt32;             # the highest behaviour level that it can do
  name @8 :Text;
  zone @9 :Text;
  address @10 :Text;            # where the others reach it
  clientAddress @11 :Text;      # where clients reach it
  invitation @12 :Text;         # id of the invitation it joins with, empty: it is known already
  secret @13 :Data;             # the invitation's
  mark @14 :Rollback.RollbackMark;      # its data directory's
  seen @15 :Rollback.RollbackMark;      # the last one that it knows of whom it means to have reached
}

struct PeerAccepted {
  wire @0 :UInt16;
  node @1 :UInt64;
  incarnation @2 :UInt64;
  session @3 :UInt64;           # in every packet from now on: what is left of an earlier session is dropped
  version @4 :Text;
  level @5 :UInt32;
  mark @6 :Rollback.RollbackMark;       # its data directory's
  seen @7 :Rollback.RollbackMark;       # the last one that it knows of who said hello
}

struct PeerRefused {
  code @0 :UInt16;              # errc
  detail @1 :Text;
  seen @2 :Rollback.RollbackMark;
}

struct PeerWelcome {
  union {
    accepted @0 :PeerAccepted;
    refused @1 :PeerRefused;
  }
}

enum PeerFrameRole {
  post @0;
  question @1;
  answer @2;                    # empty data: the question was not answered
}

struct PeerFrame {
  role @0 :PeerFrameRole;
  traffic @1 :UInt8;            # kind of traffic
  number @2 :UInt64;            # of the question
  data @3 :Data;                # a frame
}

struct PeerPacket {
  session @0 :UInt64;
  number @1 :UInt64;            # 1, 2, 3 ... in the session
  frames @2 :List(PeerFrame);
  # Room given back since the last packet, in bytes: of each window what was taken out of it, and what arrived at all.
  taken @3 :List(UInt64);
  arrived @4 :UInt64;
}
