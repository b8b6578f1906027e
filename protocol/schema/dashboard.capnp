@0xe0164164365c25f8;
# Dashboards: which charts are shown, of what and where. What may be said of a chart: protocol/charts.hpp.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::schema");

enum ChartType {
  line @0;
  bar @1;
  pie @2;
  area @3;
  scatter @4;
  heatmap @5;
  gauge @6;
  table @7;
  graph @8;
  timeline @9;
}

enum ChartView {
  usage @0;
  memory @1;
  knowledge @2;
  collaboration @3;
  teams @4;
  agents @5;
}

enum ChartMeasure {
  events @0;
  errors @1;
  errorRate @2;
  tokens @3;
  costUsd @4;
  durationP50 @5;
  durationP95 @6;
  accesses @7;
  hitRate @8;
  latencyP50 @9;
  latencyP95 @10;
  misses @11;
  interactions @12;
  utilisation @13;
}

enum ChartGroup {
  none @0;
  agent @1;
  team @2;
  model @3;
  tool @4;
  tier @5;
  item @6;
}

struct ChartSource {
  view @0 :ChartView;
  measure @1 :ChartMeasure;
  groupBy @2 :ChartGroup;
  top @3 :UInt16;               # 0 in a command: the default
  agentId @4 :Text;             # filters; empty: none
  team @5 :Text;
  model @6 :Text;
  tool @7 :Text;
}

struct Chart {
  id @0 :Text;
  type @1 :ChartType;
  title @2 :Text;
  cols @3 :UInt16;              # of the grid's columns; 0 in a command: the default
  rows @4 :UInt16;              # 0 in a command: the default
  realTime @5 :Bool = true;
  interactive @6 :Bool = true;
  source @7 :ChartSource;
  max @8 :Float64;              # a gauge's full scale; 0: none is said
}

# Spans up to now.
enum DashboardRange {
  hours1 @0;
  hours6 @1;
  hours24 @2;
  days7 @3;
  days30 @4;
}

# Kept with history.
struct Dashboard {
  id @0 :Text;
  org @1 :Text;
  title @2 :Text;
  description @3 :Text;
  gridColumns @4 :UInt16 = 12;
  timeRange @5 :DashboardRange = hours24;
  updateIntervalMs @6 :UInt32 = 5000;
  realTime @7 :Bool = true;
  showMetrics @8 :Bool;
  charts @9 :List(Chart);       # in the order of the grid, ids distinct
  version @10 :UInt64;          # 1 when made, +1 for every change: the ETag
  createdUs @11 :Int64;
  updatedUs @12 :Int64;
  updatedBy @13 :Text;          # id of the API key
}

# How many dashboards an organisation has in this shard. One record of each organisation that has any.
struct DashboardTotal {
  dashboards @0 :UInt32;
}

# In a list: without its charts.
struct DashboardItem {
  dashboard @0 :Dashboard;
  chartCount @1 :UInt32;
}

struct DashboardPage {
  items @0 :List(DashboardItem);
  total @1 :UInt32;             # of the organisation in this shard, whatever was asked for
}
