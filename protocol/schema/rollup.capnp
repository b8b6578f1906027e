@0x957743694f77909d;
# Figures of a span of time along one dimension. Merged by addition: order and grouping do not matter.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

using Event = import "event.capnp";

# One bucket of a log-linear duration sketch: see protocol/sketch.hpp.
struct SketchBucket {
  index @0 :UInt16;
  count @1 :UInt64;
}

struct Rollup {
  count @0 :Int64;
  errors @1 :Int64;
  timed @2 :Int64;                # events that had a duration
  durationSumUs @3 :Int64;
  durationMaxUs @4 :Int64;
  tokens @5 :Event.Tokens;
  costNanoUsd @6 :Int64;
  sketch @7 :List(SketchBucket);  # ascending by index, no zero counts
  hits @8 :Int64;                 # by tier: events that this tier served; count is how often it was asked
  extent @9 :Extent;              # null where nobody asks for it
}

# When things were. Merged by the earliest, the latest, and every slot that either has.
struct Extent {
  firstUs @0 :Int64;              # start of the earliest event, 0: none
  lastUs @1 :Int64;               # end of the latest
  slots @2 :List(UInt64);         # bits, lowest first: slots of 10 s of the hour
}
