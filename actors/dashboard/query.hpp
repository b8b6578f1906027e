// Reads dashboards: get_dashboard, and list_dashboards without their charts, with how many the organisation has here.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::dashboards {

class dashboard_queries final : public query_handler {
 public:
  bool handles(schema::Query::Which query) const override {
    return query == schema::Query::Which::GET_DASHBOARD || query == schema::Query::Which::LIST_DASHBOARDS;
  }
  void answer(const record_reader& records, schema::Query::Reader query,
              schema::QueryResult::Builder out) const override;
};

}  // namespace troupe::dashboards
