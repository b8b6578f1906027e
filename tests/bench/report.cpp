#include "tests/bench/report.hpp"

#include <array>
#include <cstdio>

namespace troupe::bench {

report& report::number(std::string_view name, double value) {
  std::array<char, 64> digits{};
  std::snprintf(digits.data(), digits.size(), "%.10g", value);
  text_.append(text_.empty() ? "" : ",").append("\"").append(name).append("\":").append(digits.data());
  return *this;
}

report& report::text(std::string_view name, std::string_view value) {
  text_.append(text_.empty() ? "" : ",").append("\"").append(name).append("\":\"").append(value).append("\"");
  return *this;
}

report& report::times(const std::string& name, const histogram& h) {
  auto us = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e3; };
  number(name + "_p50_us", us(h.at(0.5))).number(name + "_p90_us", us(h.at(0.9)));
  number(name + "_p99_us", us(h.at(0.99))).number(name + "_p999_us", us(h.at(0.999)));
  return number(name + "_max_us", us(h.max())).number(name + "_count", static_cast<double>(h.count()));
}

void report::print() const {
  std::printf("{%s}\n", text_.c_str());
  std::fflush(stdout);
}

}  // namespace troupe::bench
