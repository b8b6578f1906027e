@0xe0daab08199bea46;
# What an agent did, as stored and as sent between nodes. Names: OpenTelemetry GenAI conventions and the public event JSON.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

struct Uuid {
  high @0 :UInt64;
  low @1 :UInt64;
}

enum EventType {
  custom @0;
  executionStarted @1;
  executionCompleted @2;
  executionFailed @3;
  llmCall @4;
  toolCall @5;
  memoryAccess @6;
  knowledgeAccess @7;
  hypothesisFormed @8;
  hypothesisValidated @9;
  hypothesisRejected @10;
  collaboration @11;
}

enum EventStatus {
  unset @0;
  ok @1;
  error @2;
}

enum CostSource {
  none @0;      # no price is known: costNanoUsd is 0
  reported @1;  # the client said what it cost
  priced @2;    # from the price table named by priceVersion
}

struct TierLatency {
  tier @0 :Text;
  latencyUs @1 :Int64;
}

# Tokens by kind. input includes cacheRead and cacheWrite; output includes reasoning.
struct Tokens {
  input @0 :Int64;
  output @1 :Int64;
  cacheRead @2 :Int64;
  cacheWrite @3 :Int64;
  reasoning @4 :Int64;
}

# An empty text means absent everywhere; -1 means absent in durationUs and itemsRetrieved.
struct Event {
  id @0 :Uuid;
  type @1 :EventType;
  customName @2 :Text;          # the <name> of custom.<name>
  timeUs @3 :Int64;             # when it happened, microseconds since 1970
  receivedUs @4 :Int64;         # when the shard's leader stamped it
  agentId @5 :Text;
  sessionId @6 :Text;
  userId @7 :Text;
  team @8 :Text;
  traceId @9 :Text;
  spanId @10 :Text;
  parentSpanId @11 :Text;
  status @12 :EventStatus;
  error @13 :Text;
  durationUs @14 :Int64 = -1;
  model @15 :Text;
  provider @16 :Text;
  tokens @17 :Tokens;           # null: none counted
  costNanoUsd @18 :Int64;       # 1e-9 USD
  costSource @19 :CostSource;
  priceVersion @20 :Text;
  tool @21 :Text;
  tier @22 :Text;
  latencyByTier @23 :List(TierLatency);
  query @24 :Text;
  itemsRetrieved @25 :Int64 = -1;
  knowledgeId @26 :Text;
  peerAgentId @27 :Text;
  attributes @28 :Text;         # a JSON object, or empty
  org @29 :Text;                # set by the machine
}

struct EventBatch {
  events @0 :List(Event);
}
