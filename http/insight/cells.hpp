// Asks all shards for cells and adds their answers up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/insight/window.hpp"
#include "http/routes/context.hpp"
#include "protocol/rollup.hpp"

namespace troupe::http {

using condition = std::pair<schema::CellField, std::string>;

// What no cube tells apart: then the cells are counted anew, of the events that meet it.
struct event_conditions {
  insight_names names;
  std::string served_by;  // the tier, as cells name it

  bool none() const { return names.none() && served_by.empty(); }
};

enum class percentiles : std::uint8_t { none, wanted };

struct cell_question {
  schema::Cube cube = schema::Cube::USAGE;
  std::vector<schema::CellField> by;
  insight_window window;
  std::vector<condition> where = {};
  event_conditions events = {};
  schema::CellStep step = schema::CellStep::NONE;
  schema::CellOrder order = schema::CellOrder::COST;
  std::size_t limit = 1'000;  // groups of the answer
  percentiles sketches = percentiles::none;
  std::uint32_t sample =
      0;  // cells of a shard; 'by': the names that are wanted, all of the cube if there are none
  int offset_minutes = 0;
  schema::CellFigures figures = schema::CellFigures::ALL;
};
void fill(schema::EventFilter::Builder filter, const insight_names& names);
// A sample of which only one name is wanted: what belongs to what, without figures.
inline bool is_by_member(const cell_question& q) { return q.sample != 0 && q.by.size() == 1; }

struct cell_group {
  std::vector<std::string> names;  // in the order of 'by'
  rollup total;
  std::map<std::int64_t, rollup> steps;
};

// Which name was met under which hash: an item of a session.
struct cell_member {
  std::uint64_t of = 0;
  std::uint32_t name = 0;
  auto operator<=>(const cell_member&) const = default;
};

struct cell_table {
  std::vector<cell_group> groups;  // best first
  rollup other;                    // of the groups beyond the limit
  std::size_t other_keys = 0;
  bool complete = true;
  bool whole_hours = false;  // hours of the day: of UTC, where two of them share one
  double rate = 1;           // of a sample: the share of all that it is
  // Of a sample by members, instead of groups: in order, each once. A name is a place in the list of names, also in order.
  std::vector<cell_member> members;
  std::vector<std::string> member_names;

  rollup total() const;
  const cell_group* find(const std::vector<std::string>& names) const;
  // Steps of all groups together.
  std::map<std::int64_t, rollup> steps() const;
};

using cell_tables = std::vector<cell_table>;

struct cell_asker {
  std::string org;
  consistency level = consistency::linearizable;
};
// The tables in the order of the questions, or the first failure. 'done' runs on the home thread.
void ask_cells(client& actors, io_thread& home, cell_asker who, std::vector<cell_question> questions,
               std::function<void(result<cell_tables>)> done);
// For a request: 'done' answers it, on its thread. If a shard fails, 'back' has the failure and 'done' does not run.
void ask_cells(api_context& api, const request_ptr& r, const responder& back,
               std::vector<cell_question> questions, std::function<void(cell_tables&)> done);

bool all_complete(const cell_tables& tables);
bool any_whole_hours(const cell_tables& tables);

}  // namespace troupe::http
