#include "filter.hpp"

#include <algorithm>

#include "protocol/event_type.hpp"

namespace troupe::events {

namespace {

// ASCII only: the same for every locale.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool contains(std::string_view text, std::string_view wanted_in_lower_case) {
  return std::search(text.begin(), text.end(), wanted_in_lower_case.begin(), wanted_in_lower_case.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool agrees(capnp::Text::Reader wanted, capnp::Text::Reader actual) {
  return wanted.size() == 0 || view_of(wanted) == view_of(actual);
}

}  // namespace

filter::filter(schema::EventFilter::Reader asked) : asked_(asked), text_(view_of(asked.getText())) {
  std::transform(text_.begin(), text_.end(), text_.begin(), lower);
  if (auto name = view_of(asked.getType()); !name.empty()) {
    if (auto type = parse_event_type(name)) {
      type_ = type->first;
      custom_name_ = type->second;
    } else {
      complaint_ = {"type", "there is no event type '" + std::string(name) +
                                "': give one such as llm.call or custom.<name>"};
    }
  }
  if (auto name = view_of(asked.getStatus()); !name.empty()) {
    status_ = parse_event_status(name);
    if (!status_)
      complaint_ = {"status",
                    "there is no event status '" + std::string(name) + "': give ok, error or unset"};
  }
}

bool filter::matches(schema::Event::Reader event) const {
  if (type_ && (event.getType() != *type_ || view_of(event.getCustomName()) != custom_name_)) return false;
  if (status_ && event.getStatus() != *status_) return false;
  if (asked_.getSinceUs() != 0 && event.getTimeUs() < asked_.getSinceUs()) return false;
  if (asked_.getUntilUs() != 0 && event.getTimeUs() >= asked_.getUntilUs()) return false;
  return agrees(asked_.getAgentId(), event.getAgentId()) && agrees(asked_.getTraceId(), event.getTraceId()) &&
         agrees(asked_.getSessionId(), event.getSessionId()) && agrees(asked_.getModel(), event.getModel()) &&
         agrees(asked_.getTool(), event.getTool()) && agrees(asked_.getTeam(), event.getTeam()) &&
         (text_.empty() || matches_text(event));
}

bool filter::matches_text(schema::Event::Reader event) const {
  for (auto text : {event.getAgentId(), event.getSessionId(), event.getUserId(), event.getTeam(),
                    event.getTraceId(), event.getSpanId(), event.getError(), event.getModel(),
                    event.getProvider(), event.getTool(), event.getTier(), event.getQuery(),
                    event.getKnowledgeId(), event.getPeerAgentId(), event.getAttributes()})
    if (contains(view_of(text), text_)) return true;
  return contains(event_type_name(event.getType(), view_of(event.getCustomName())), text_);
}

}  // namespace troupe::events
