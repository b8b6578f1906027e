#include "http/insight/window.hpp"

#include <algorithm>
#include <array>

#include "http/routes/common_docs.hpp"
#include "http/routes/context.hpp"
#include "protocol/cells.hpp"
#include "protocol/event_type.hpp"

namespace troupe::http {

namespace {

using schema::CellStep;

constexpr std::string_view shared_names[] = {"from", "to",   "window_hours", "bucket", "agent_id",
                                             "team", "type", "status",       "model",  "provider",
                                             "tool", "tier", "session_id",   "user_id"};

std::vector<std::string_view> with_shared(std::initializer_list<std::string_view> names) {
  std::vector<std::string_view> all(std::begin(shared_names), std::end(shared_names));
  all.insert(all.end(), names);
  return all;
}

CellStep step_for(std::int64_t length_us) {
  if (length_us <= 3 * insight_hour_us) return CellStep::MINUTE;
  return length_us <= 8 * insight_day_us ? CellStep::HOUR : CellStep::DAY;
}

const parameter_doc described[] = {
    {"from", "query", docs::time,
     "Begin of the window: RFC 3339 or epoch milliseconds. Rounded down to a minute."},
    {"to", "query", docs::time, "End of the window, exclusive; now when absent. Rounded up to a minute."},
    {"window_hours", "query", R"({"type":"number","exclusiveMinimum":0,"maximum":9600,"default":24})",
     "Instead of from: so many hours back.", "24"},
    {"bucket", "query", R"({"type":"string","enum":["minute","hour","day"]})",
     "Length of a step of series: by default minute up to 3 hours, hour up to 8 days, else day."},
    {"agent_id", "query", docs::text, "Only of this agent."},
    {"team", "query", docs::text, "Only of this team."},
    {"type", "query", docs::text, "Only events of this type."},
    {"status", "query", R"({"type":"string","enum":["ok","error","unset"]})", "Only events of this status."},
    {"model", "query", docs::text, "Only of this model."},
    {"provider", "query", docs::text, "Only of this provider of models."},
    {"tool", "query", docs::text, "Only of this tool."},
    {"tier", "query", docs::text,
     "Only of this memory tier: where tiers or accesses are counted, those of this tier; elsewhere, events "
     "that "
     "asked it or were served by it."},
    {"session_id", "query", docs::text, "Only of this session."},
    {"user_id", "query", docs::text,
     "Only on behalf of this user. What is not counted by a field that is asked for is counted anew out of "
     "the "
     "events: of each shard the latest 50,000 that meet all conditions, among the latest 200,000 of the "
     "window "
     "(of an agent, if one is given). 'complete' is false when there were more."},
    {"limit", "query", R"({"type":"integer","minimum":1,"maximum":1000})",
     "Rows of the list; the others are summed up where that makes sense."},
    {"utc_offset_minutes", "query", R"({"type":"integer","minimum":-720,"maximum":840,"default":0})",
     "Hours of the day are those of this offset from UTC. If it is not a whole number of hours they are "
     "exact in "
     "windows of up to 3 days; in longer ones, or where that is too much to look at, an hour of UTC counts "
     "as a whole, in "
     "the hour of the day in which it begins; 'exact_hours' says which."}};

}  // namespace

std::string_view step_name(CellStep step) {
  switch (step) {
    case CellStep::MINUTE: return "minute";
    case CellStep::DAY: return "day";
    default: return "hour";
  }
}

std::int64_t insight_window::step_us() const {
  switch (step) {
    case CellStep::MINUTE: return insight_minute_us;
    case CellStep::DAY: return insight_day_us;
    default: return insight_hour_us;
  }
}

insight_window insight_window::whole_hours() const {
  auto until = bucket_start(until_us + insight_hour_us - 1, schema::Resolution::HOUR);
  return {bucket_start(from_us, schema::Resolution::HOUR), until,
          step == CellStep::MINUTE ? CellStep::HOUR : step};
}

void insight_window::write(object_writer& to) const {
  object_writer w(to.name("window"));
  w.time("from", from_us).time("to", until_us).text("bucket", step_name(step));
  w.end();
}

insight_parameters::insight_parameters(const request& r, std::initializer_list<std::string_view> names,
                                       double default_hours)
    : known_(with_shared(names)), fields_(r, known_), now_us_(http::now_us()) {
  read_window(default_hours);
  read_names();
}

void insight_parameters::read_names() {
  auto text = [&](std::string_view name) { return std::string(fields_.text(name)); };
  names_.agent = text("agent_id");
  names_.team = text("team");
  names_.type = text("type");
  names_.status = fields_.choice("status", {"", "ok", "error", "unset"});
  names_.model = text("model");
  names_.provider = text("provider");
  names_.tool = text("tool");
  names_.tier = text("tier");
  names_.session = text("session_id");
  names_.user = text("user_id");
  if (!names_.type.empty() && !parse_event_type(names_.type)) fields_.refuse("type", "is no event type");
}

void insight_parameters::read_window(double default_hours) {
  auto until = std::clamp(fields_.time_us("to").value_or(now_us_), -cell_time_us_max, cell_time_us_max);
  auto hours = fields_.number("window_hours", 1.0 / 60, window_hours_max);
  auto from = fields_.time_us("from");
  if (from && hours) fields_.refuse("window_hours", "stands instead of from: give one of them");
  auto back = static_cast<std::int64_t>(hours.value_or(default_hours) * insight_hour_us);
  auto since = std::clamp(from.value_or(until - back), -cell_time_us_max, cell_time_us_max);
  window_.from_us = bucket_start(since, schema::Resolution::MINUTE);
  window_.until_us = bucket_start(until + insight_minute_us - 1, schema::Resolution::MINUTE);
  auto length = window_.until_us - window_.from_us;
  if (length <= 0) {
    fields_.refuse("from", "must be before to");
    window_ = {0, insight_hour_us};
  } else if (length > static_cast<std::int64_t>(window_hours_max) * insight_hour_us + insight_minute_us) {
    fields_.refuse("from", "is more than 400 days before to");
    window_ = {0, insight_hour_us};
  }
  auto bucket = fields_.choice("bucket", {"", "minute", "hour", "day"});
  window_.step = bucket.empty()       ? step_for(length)
                 : bucket == "minute" ? CellStep::MINUTE
                 : bucket == "hour"   ? CellStep::HOUR
                                      : CellStep::DAY;
  if (length / window_.step_us() > window_steps_max)
    fields_.refuse("bucket", "makes more than 1500 steps of this window");
}

int insight_parameters::offset_minutes() {
  return static_cast<int>(fields_.number("utc_offset_minutes", -720, 840).value_or(0));
}

std::vector<parameter_doc> insight_docs(std::initializer_list<std::string_view> names,
                                        std::initializer_list<parameter_doc> more) {
  std::vector<parameter_doc> out;
  for (auto name : with_shared(names))
    for (const auto& d : described)
      if (d.name == name) out.push_back(d);
  out.insert(out.end(), more);
  out.push_back(docs::consistency);
  return out;
}

}  // namespace troupe::http
