@0xd1a6c2f3b08e7954;
# Insight: cells are figures of a span of time under several names at once, such as (agent, team, type, model, tool).
# Which cube has which fields: protocol/cells.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Rollup = import "rollup.capnp";

# What cells are about. Never renumber: it is part of stored keys and of the names of rows.
enum Cube {
  usage @0;              # every event
  session @1;            # events with tokens or cost, and a session or a user
  trace @2;              # events of a trace
  tier @3;               # memory tiers that were asked; hits: those that served
  flow @4;               # from one tier to the next
  knowledge @5;          # accesses of items
  search @6;             # queries that say how many items they found, by kind: hit, miss
  context @7;            # items of one session, or else trace: what is used together
  hypothesis @8;         # formed, validated, rejected
  hypothesisState @9;    # the same by hypothesis, of all time
  edge @10;              # events that name a peer
  busy @11;              # slots of 10 s in which an agent was at work
  total @12;             # every event, under no name
  team @13;              # every event, by team
  model @14;             # events with a model
  tool @15;              # events with a tool
}

enum CellField {
  agent @0;
  team @1;
  type @2;
  model @3;
  tool @4;
  session @5;
  user @6;
  trace @7;
  tier @8;
  from @9;
  to @10;
  item @11;
  text @12;
  kind @13;
  id @14;
  label @15;
  context @16;
  provider @17;
}

# Several on one field: one of the values.
struct CellCondition {
  field @0 :CellField;
  value @1 :Text;
}

# Steps of the answer: none, by time, or by hour of the day.
enum CellStep {
  none @0;
  minute @1;
  hour @2;
  day @3;
  hourOfDay @4;
}

enum CellOrder {
  cost @0;
  count @1;
  tokens @2;
  last @3;
  misses @4;             # count without hits
  duration @5;
  errors @6;
}

# What is told of each row.
enum CellFigures {
  all @0;
  count @1;
}

struct ReadCells {
  cube @0 :Cube;
  sinceUs @1 :Int64;     # inclusive, a whole minute
  untilUs @2 :Int64;     # exclusive, a whole minute
  groupBy @3 :List(CellField);  # of a sample: which fields are told; none: all of the cube
  where @4 :List(CellCondition);
  step @5 :CellStep;
  offsetMinutes @6 :Int32;  # of hourOfDay, from UTC
  order @7 :CellOrder;
  limit @8 :UInt32;      # groups; the others are summed up
  sketches @9 :Bool;
  sample @10 :UInt32;    # of cubes by hash: at most so many cells, those with the lowest hashes; 0: grouped like the others
  packed @11 :Bool;      # rows as 'packed': an older node leaves it at the list
  figures @12 :CellFigures;
}

struct CellRow {
  timeUs @0 :Int64;      # start of the step; hourOfDay: the hour
  fields @1 :List(Text); # in the order of groupBy
  figures @2 :Rollup.Rollup;
  hash @3 :UInt64;       # of a sample
}

struct Cells {
  rows @0 :List(CellRow);  # none if they are packed
  other @1 :Rollup.Rollup;
  otherKeys @2 :UInt32;
  partial @3 :Bool;      # a bound was reached: there is more than was looked at
  hashBound @4 :UInt64;  # of a sample: cells with a lower hash are all here; 0: all are
  packed @5 :Data;       # rows as protocol/cell_rows.hpp has them
  wholeHours @6 :Bool;   # of hourOfDay: an hour of UTC that two of them share is in the one in which it begins
}

# A bound on what is spent in a period, for a warning. Nothing is refused because of it.
enum LimitScope {
  org @0;
  team @1;
  agent @2;
}

enum LimitPeriod {
  hour @0;
  day @1;
  month @2;
}

struct TokenLimit {
  id @0 :Text;
  org @1 :Text;
  scope @2 :LimitScope;
  key @3 :Text;          # of the team or agent
  period @4 :LimitPeriod;
  costNanoUsd @5 :Int64; # 0: it counts tokens
  tokens @6 :Int64;      # 0: it counts cost
  warnAtPermille @7 :UInt16;
  updatedUs @8 :Int64;
  updatedBy @9 :Text;
}

# All limits of an organisation, by id: one record.
struct TokenLimits {
  limits @0 :List(TokenLimit);
}
