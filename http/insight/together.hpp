// What goes together: items of one session or trace, agents of one trace. From samples that are the same in every shard.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "http/insight/cells.hpp"

namespace troupe::http {

// A count of a sample, as what it stands for in all.
std::int64_t scaled(std::int64_t n, double rate);

struct item_pairs {
  struct pair {
    std::uint32_t a = 0, b = 0;  // places in 'names', a before b
    std::int64_t count = 0;
  };
  std::vector<std::string> names;  // in order
  std::vector<pair> pairs;         // in order
  double rate = 1;

  std::int64_t scaled(std::int64_t n) const { return http::scaled(n, rate); }
  // Of each of these names, those that go with it, most often first.
  using partners = std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>>;
  partners partners_of(const std::set<std::string>& of, std::size_t max) const;
};

// Of Cube::CONTEXT by item: contexts in which both items were used.
item_pairs items_together(cell_table& contexts);

struct trace_part {
  std::string agent, team;
  rollup figures;
};
// Of Cube::TRACE: the parts of each trace, the one that began first in front.
std::map<std::string, std::vector<trace_part>> parts_by_trace(const cell_table& traces);

}  // namespace troupe::http
