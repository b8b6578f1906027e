// One parsed item of event JSON to a draft: every rule of every field.
#pragma once

#include <optional>

#include "http/ingest/event_draft.hpp"

namespace simdjson::dom {
class element;
}

namespace troupe::ingest {

// Fills 'draft' (all but its index), with texts and tiers kept in 'batch'. Returns what is wrong with the item, if
// anything; its index is for the caller to set.
std::optional<rejected_item> read_event_item(const simdjson::dom::element& item, const context& ctx,
                                             event_draft& draft, parsed_batch& batch);

}  // namespace troupe::ingest
