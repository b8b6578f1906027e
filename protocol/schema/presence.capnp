@0xa5b3d0c46f1e9827;
# What the nodes of a cluster tell each other of who is here: see actors/presence/ and actors/runtime/presence_message.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

struct PresentSession {
  number @0 :UInt64;            # on its node, rising
  topic @1 :Text;               # organisation, NUL, name
  key @2 :Text;                 # who
  meta @3 :Text;                # a JSON object
}

# Answered with PresenceTaken before the next one is sent.
struct PresenceNews {
  stream @0 :UInt64;
  number @1 :UInt64;            # 0, 1, 2 ... in the stream; 0: whatever was told before is void
  came @2 :List(PresentSession);
  gone @3 :List(UInt64);
}

struct PresenceTaken {
  inStep @0 :Bool;              # false: it did not follow what came before it, begin anew
}
