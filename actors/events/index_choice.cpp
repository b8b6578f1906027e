#include "index_choice.hpp"

#include "protocol/key.hpp"
#include "protocol/message.hpp"

namespace troupe::events {

std::string index_prefix(std::string_view org, schema::EventFilter::Reader asked) {
  if (asked.getTraceId().size() > 0)
    return key_writer(record_tag::event_by_trace).text(org).text(view_of(asked.getTraceId())).str();
  if (asked.getAgentId().size() > 0)
    return key_writer(record_tag::event_by_agent).text(org).text(view_of(asked.getAgentId())).str();
  return key_writer(record_tag::event_by_time).text(org).str();
}

newest_first::member member_of(schema::EventFilter::Reader asked) {
  if (asked.getTraceId().size() > 0)
    return [asked](auto event) { return view_of(event.getTraceId()) == view_of(asked.getTraceId()); };
  if (asked.getAgentId().size() > 0)
    return [asked](auto event) { return view_of(event.getAgentId()) == view_of(asked.getAgentId()); };
  return [](auto) { return true; };
}

}  // namespace troupe::events
