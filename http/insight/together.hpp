// What goes together: items of one session or trace, agents of one trace. From samples that are the same in every shard.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "http/insight/cells.hpp"

namespace troupe::http {

// A count of a sample, as what it stands for in all.
std::int64_t scaled(std::int64_t n, double rate);

struct pair_counts {
  std::map<std::pair<std::string, std::string>, std::int64_t> pairs;  // the smaller name first
  std::map<std::string, std::int64_t> alone;                          // contexts of each
  double rate = 1;

  std::int64_t scaled(std::int64_t n) const { return http::scaled(n, rate); }
  // Of each, those that go with it, most often first.
  using partners = std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>>;
  partners all_partners(std::size_t max) const;
};

// Of Cube::CONTEXT: contexts in which both items were used.
pair_counts items_together(const cell_table& contexts);

struct trace_part {
  std::string agent, team;
  rollup figures;
};
// Of Cube::TRACE: the parts of each trace, the one that began first in front.
std::map<std::string, std::vector<trace_part>> parts_by_trace(const cell_table& traces);

}  // namespace troupe::http
