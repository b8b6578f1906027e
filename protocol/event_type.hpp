// Names of event types and statuses in the public JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/schema/event.capnp.h"

namespace troupe {

// "llm.call" -> (llmCall, ""), "custom.deploy" -> (custom, "deploy"). Nothing for an unknown type.
std::optional<std::pair<schema::EventType, std::string_view>> parse_event_type(std::string_view name);
std::string event_type_name(schema::EventType type, std::string_view custom_name);

std::optional<schema::EventStatus> parse_event_status(std::string_view name);
std::string_view event_status_name(schema::EventStatus status);

// Failed: it says so, or it is a failed execution that says nothing.
bool is_error(schema::Event::Reader event);

}  // namespace troupe
