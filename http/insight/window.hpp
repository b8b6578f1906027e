// Which events a question of the insight pages is about: a window of time and names, from the request's parameters.
// What a route takes, refuses and describes comes from one list of names.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "http/routes/json_writer.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/route.hpp"
#include "protocol/schema/insight.capnp.h"

namespace troupe::http {

inline constexpr std::int64_t insight_minute_us = 60'000'000;
inline constexpr std::int64_t insight_hour_us = 60 * insight_minute_us;
inline constexpr std::int64_t insight_day_us = 24 * insight_hour_us;
inline constexpr double window_hours_max = 9'600;  // 400 days
inline constexpr std::int64_t window_steps_max = 1'500;

struct insight_window {
  std::int64_t from_us = 0, until_us = 0;  // whole minutes
  schema::CellStep step = schema::CellStep::HOUR;

  std::int64_t step_us() const;
  double hours() const { return static_cast<double>(until_us - from_us) / insight_hour_us; }
  double days() const { return hours() / 24; }
  // Of the same length, just before.
  insight_window before() const { return {from_us - (until_us - from_us), from_us, step}; }
  // Wide enough for what is counted by the hour only.
  insight_window whole_hours() const;
  // {"from":..,"to":..,"bucket":..}
  void write(object_writer& to) const;
};

std::string_view step_name(schema::CellStep step);

// What narrows the events that a question is about; every path takes all of it. Empty: no condition.
struct insight_names {
  std::string agent, team, type, status, model, provider, tool, tier, session, user;

  bool operator==(const insight_names&) const = default;
  bool none() const { return *this == insight_names(); }
};

// Reads the parameters of one request. refusal() says what was wrong, after all were read.
class insight_parameters {
 public:
  // 'names' are those beside the window and what narrows the events: "limit", ...
  insight_parameters(const request& r, std::initializer_list<std::string_view> names,
                     double default_hours = 24);

  query_fields& fields() { return fields_; }
  const insight_window& window() const { return window_; }
  const insight_names& names() const { return names_; }
  std::int64_t now_us() const { return now_us_; }
  int offset_minutes();
  std::optional<response> refusal() const { return fields_.refusal(); }

 private:
  void read_window(double default_hours);
  void read_names();

  std::vector<std::string_view> known_;
  query_fields fields_;
  std::int64_t now_us_;
  insight_window window_;
  insight_names names_;
};

// What a route with these parameters says of them; those of the window and of the events are always there.
std::vector<parameter_doc> insight_docs(std::initializer_list<std::string_view> names,
                                        std::initializer_list<parameter_doc> more = {});

}  // namespace troupe::http
