#include "filter.hpp"

#include "actors/insight/event_facts.hpp"
#include "protocol/event_type.hpp"

namespace troupe::events {

namespace {

// A blank of what is wanted stands for any number of blanks.
bool begins_with(std::string_view text, std::string_view wanted) {
  std::size_t at = 0;
  for (char c : wanted) {
    if (at == text.size()) return false;
    if (c != ' ') {
      if (insight::lower(text[at++]) != c) return false;
      continue;
    }
    if (!insight::is_blank(text[at])) return false;
    while (at < text.size() && insight::is_blank(text[at])) ++at;
  }
  return true;
}

bool contains(std::string_view text, std::string_view wanted) {
  for (; text.size() >= wanted.size(); text.remove_prefix(1))
    if (begins_with(text, wanted)) return true;
  return false;
}

bool agrees(capnp::Text::Reader wanted, capnp::Text::Reader actual) {
  return wanted.size() == 0 || view_of(wanted) == view_of(actual);
}

// Asked or serving, as rollups by tier count.
bool concerns_tier(schema::Event::Reader event, std::string_view tier) {
  if (view_of(event.getTier()) == tier) return true;
  for (auto asked : event.getLatencyByTier())
    if (view_of(asked.getTier()) == tier) return true;
  return false;
}

}  // namespace

filter::filter(schema::EventFilter::Reader asked)
    : asked_(asked), text_(insight::folded_text(view_of(asked.getText()), asked.getText().size())) {
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
         agrees(asked_.getKnowledgeId(), event.getKnowledgeId()) &&
         agrees(asked_.getPeerAgentId(), event.getPeerAgentId()) &&
         agrees(asked_.getUserId(), event.getUserId()) && agrees(asked_.getProvider(), event.getProvider()) &&
         (asked_.getTier().size() == 0 || concerns_tier(event, view_of(asked_.getTier()))) &&
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
