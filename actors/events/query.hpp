// Reads events and rollups: position, get_event, list_events, read_feed, read_rollups.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::events {

class event_queries final : public query_handler {
 public:
  bool handles(schema::Query::Which query) const override;
  void answer(const record_reader& records, schema::Query::Reader query,
              schema::QueryResult::Builder out) const override;
};

}  // namespace troupe::events
