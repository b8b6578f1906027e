// What a measurement found: one JSON object on one line of standard output, for the orchestrator.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/bench/histogram.hpp"

namespace troupe::bench {

class report {
 public:
  report& number(std::string_view name, double value);
  report& text(std::string_view name, std::string_view value);
  // name_p50_us, name_p90_us, name_p99_us, name_p999_us, name_max_us, name_count
  report& times(const std::string& name, const histogram& h);
  void print() const;

 private:
  std::string text_;
};

}  // namespace troupe::bench
