// What a request must satisfy before it may change anything. The first complaint is the refusal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/machine.hpp"

namespace troupe::agents {

class checks {
 public:
  checks& id(std::string_view field, capnp::Text::Reader value);  // present, and not too long
  checks& text(std::string_view field, capnp::Text::Reader value, std::size_t bytes_max);
  checks& names(std::string_view field, capnp::List<capnp::Text>::Reader values);
  // 0 means: the default, or none.
  checks& range_or_zero(std::string_view field, std::int64_t value, std::int64_t min, std::int64_t max,
                        std::string_view unit);

  // An encoded refusal, if something is wrong.
  const std::optional<std::string>& complaint() const { return complaint_; }

 private:
  checks& refuse(std::string_view field, const std::string& detail);

  std::optional<std::string> complaint_;
};

}  // namespace troupe::agents
