// Reads cells: read_cells. Sums them up in the shard by what is asked, so that an answer is as large as its groups,
// not as what it was made of.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::insight {

// Of these records, stored or not.
void answer_cells(const record_reader& records, std::string_view org, schema::ReadCells::Reader asked,
                  schema::QueryResult::Builder out);

class insight_queries final : public query_handler {
 public:
  bool handles(schema::Query::Which query) const override;
  void answer(const record_reader& records, schema::Query::Reader query,
              schema::QueryResult::Builder out) const override;
};

}  // namespace troupe::insight
