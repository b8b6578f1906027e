// The spans of one trace in the order they are drawn in: parents before children, siblings by start. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::http {

struct trace_span {
  std::string span_id, parent_span_id, agent;
  std::int64_t start_us = 0, end_us = 0;
  std::size_t event = 0;  // the caller's number for it

  // Filled in by lay_out():
  std::optional<std::size_t> parent = {};  // place in the list
  std::size_t depth = 0;
  std::int64_t self_us = 0;  // not covered by children
  bool across_agents = false;
};

// Spans whose parent is not there, or is below them, are roots.
std::vector<trace_span> lay_out(std::vector<trace_span> spans);

}  // namespace troupe::http
