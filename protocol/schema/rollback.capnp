@0xe3f4a0b5d9c86127;
# By what it is noticed that a node's data directory was put back to an earlier state: storage/rollback_guard.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

# Index 0: none is known.
struct RollbackMark {
  index @0 :UInt64;             # grows
  token @1 :UInt64;             # drawn with it: a directory that was put back and went on has another one
}

struct SeenMark {
  node @0 :UInt64;
  mark @1 :RollbackMark;
}
