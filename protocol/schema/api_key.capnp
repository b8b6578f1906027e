@0xd870151521e96fc5;
# API keys. Only a hash of the secret is kept.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

enum Role {
  read @0;
  ingest @1;
  admin @2;
}

struct ApiKey {
  id @0 :Text;
  org @1 :Text;
  name @2 :Text;
  role @3 :Role;
  secretHash @4 :Data;          # BLAKE2b-256 of the whole key text
  createdUs @5 :Int64;
  revokedUs @6 :Int64;          # 0: in force
  createdBy @7 :Text;
  maxConnections @8 :UInt32;    # live ones at once, on all nodes; 0: no bound of its own
}
