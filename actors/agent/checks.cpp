#include "checks.hpp"

#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::agents {

checks& checks::refuse(std::string_view field, const std::string& detail) {
  if (!complaint_) complaint_ = refusal(errc::invalid_argument, std::string(field) + " " + detail, field);
  return *this;
}

checks& checks::id(std::string_view field, capnp::Text::Reader value) {
  if (value.size() == 0) return refuse(field, "is empty: say which one is meant");
  return text(field, value, limits::id_bytes_max);
}

checks& checks::text(std::string_view field, capnp::Text::Reader value, std::size_t bytes_max) {
  if (value.size() <= bytes_max) return *this;
  return refuse(field, "has " + std::to_string(value.size()) + " bytes: at most " +
                           std::to_string(bytes_max) + " are allowed");
}

checks& checks::names(std::string_view field, capnp::List<capnp::Text>::Reader values) {
  if (values.size() > limits::list_items_max)
    return refuse(field, "has " + std::to_string(values.size()) + " items: at most " +
                             std::to_string(limits::list_items_max) + " are allowed");
  for (auto value : values) id(field, value);
  return *this;
}

checks& checks::range_or_zero(std::string_view field, std::int64_t value, std::int64_t min, std::int64_t max,
                              std::string_view unit) {
  if (value == 0 || (value >= min && value <= max)) return *this;
  return refuse(field, "is " + std::to_string(value) + ": give " + std::to_string(min) + " to " +
                           std::to_string(max) + std::string(unit));
}

}  // namespace troupe::agents
