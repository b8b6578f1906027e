// The component schemas of dashboards, as members of a JSON object without its braces.
#pragma once

#include <string_view>

namespace troupe::http {

std::string_view dashboard_schemas();

}  // namespace troupe::http
