// Dashboards and charts read from a request's body. What is wrong is named by its path, with what may be said there.
#pragma once

#include <string_view>

#include "http/routes/parameters.hpp"
#include "protocol/schema/command.capnp.h"

namespace troupe::http {

// All but the id. Of a whole one, what is not given has its default and a title is needed; of a change only what is given
// is marked.
enum class kind_of_body : std::uint8_t { whole, change };
void read_dashboard(body_fields& from, kind_of_body kind, schema::UpdateDashboard::Builder to);
// 'id' is what the path says; empty: the body must say it.
void read_chart(body_fields& from, std::string_view id, unsigned grid_columns, schema::Chart::Builder to);

}  // namespace troupe::http
