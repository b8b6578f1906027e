// /openapi.json, made from the table of routes: it cannot drift from what is served.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/routes/route.hpp"

namespace troupe::http {

// OpenAPI 3.1 as JSON.
std::string openapi_json(const std::vector<route>& routes, std::string_view version);
// The component schemas, as JSON text.
std::string_view openapi_schemas();

}  // namespace troupe::http
