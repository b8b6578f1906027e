// What must hold of every batch of events that ingest lets through, whatever it was made from: the bounds of its fields,
// its numbering, that machines take it, that it is shown as JSON, and that this JSON is read as the same events again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/ingest/event_draft.hpp"

namespace troupe::fuzz {

// A context without surprises: the same for every run.
ingest::context fixed_context();

// 'items' is the number of items of the request, if it is known otherwise. Takes the batch apart.
void check_batch(ingest::parsed_batch batch, std::size_t items);
inline constexpr std::size_t unknown_items = SIZE_MAX;

// The events and what was refused as text: equal texts, equal batches.
std::string described(const ingest::parsed_batch& batch);

// Whether Boost's parser, which is not the one that ingest uses, takes the text for one JSON value.
bool is_json(std::string_view text);
// The number of items if Boost takes it for an array.
std::optional<std::size_t> items_of_array(std::string_view text);

}  // namespace troupe::fuzz
