// What an event means for insight, beyond its plain fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/schema/event.capnp.h"

namespace troupe::insight {

inline constexpr std::size_t search_text_bytes_max = 256;
inline constexpr std::size_t label_bytes_max = 160;
inline constexpr std::int64_t busy_hours_max = 24;  // of one event

// The type's name; all custom ones under one.
std::string_view type_name(schema::EventType type);

// The place in latencyByTier of the tier that served, -1 if it is not there. A name that goes on after '_' is
// the same tier: "redis" was timed, "redis_immediate" served.
int serving_place(schema::Event::Reader event);
// As it is counted: under the name that it was timed under, if it was. Empty if none served.
std::string_view serving_tier(schema::Event::Reader event);

// ASCII only.
inline bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// In lower case (ASCII), blanks collapsed, none at the ends, cut at a whole character.
std::string folded_text(std::string_view text, std::size_t bytes_max);
// As a search is counted.
std::string search_text(std::string_view query);
// Cut at a whole character.
std::string_view cut_text(std::string_view text, std::size_t bytes_max);

// A member of the top level of a JSON object that is a string without escapes; empty if there is none.
std::string_view attribute_text(std::string_view attributes, std::string_view name);

// Empty if the event is about no hypothesis.
std::string_view hypothesis_kind(schema::EventType type);

}  // namespace troupe::insight
