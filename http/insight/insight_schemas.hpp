// The component schemas of insight, as members of a JSON object without its braces.
#pragma once

#include <string_view>

namespace troupe::http {

std::string_view insight_schemas();
std::string_view advice_schemas();  // among them

}  // namespace troupe::http
